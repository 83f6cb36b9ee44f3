"""``huanwei vision check``: scores photographs from the command line."""
