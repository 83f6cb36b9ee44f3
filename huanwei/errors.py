"""What ends a command with one line instead of a traceback.

``StandsInTheWayError`` is anything in the world that the caller can move out of the way: a taken
port, a missing program, nothing to go on with. Settings have an error of their own.
"""


class StandsInTheWayError(Exception):
    """Something in the world prevents what was asked; the text says what, and what to do."""
