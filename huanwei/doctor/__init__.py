"""``huanwei doctor``: what is missing or wrong in a run, in plain words, and what to do."""
