#!/bin/sh
# The command line in the image, where nothing is installed but the pinned dependencies.
exec python -m huanwei "$@"
