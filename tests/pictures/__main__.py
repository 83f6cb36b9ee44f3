"""Makes the documentation's example pictures again: ``make example-pictures``.

Those of pages need Chromium and Playwright, and take about two minutes.
"""

import sys

from tests.pictures import FOLDER, MOST_BYTES
from tests.pictures.judged import judged_pictures
from tests.pictures.pages import page_pictures


def main() -> None:
    """Write every picture; say how large each is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, jpeg in {**judged_pictures(), **page_pictures()}.items():
        (FOLDER / name).write_bytes(jpeg)
        too_large = " TOO LARGE" if len(jpeg) > MOST_BYTES else ""
        sys.stdout.write(f"{FOLDER / name} {len(jpeg)}{too_large}\n")


main()
