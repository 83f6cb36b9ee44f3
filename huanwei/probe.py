"""Asks a process of this machine how it is: ``python -S huanwei/probe.py URL``, exit code 0 or 1.

The health check of a container: the standard library only, and no import of ours.
"""

import sys
import urllib.error
import urllib.request


def main(url: str) -> int:
    """Return 0 when the address answers with success; say why not otherwise."""
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  our own probe
            answer.read()
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read(2_000).decode("utf-8", "replace") + "\n")
        return 1
    except OSError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
