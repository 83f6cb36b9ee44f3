"""The groups of commands that ``huanwei`` is made of, one file a group."""
