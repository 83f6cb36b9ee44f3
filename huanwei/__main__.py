"""``python -m huanwei`` is ``huanwei``."""

from huanwei.command_line import main

main()
