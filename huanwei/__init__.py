"""The command line and the composition roots: the only place where parts meet."""

__version__ = "0.1.0"
