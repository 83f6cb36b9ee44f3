"""Tries one detector's file: ``python -m vision.detector_process PARENT_PID FILE``, started by
:mod:`vision.detector_check` alone.
"""

import sys
from pathlib import Path

from vision.child_process import ADDRESS_SPACE_BYTES
from vision.process_limits import end_with_parent, limit_memory


def main(parent_pid: int, file: str) -> None:
    """Leave with an error's text where the file cannot be used."""
    end_with_parent(parent_pid)
    limit_memory(ADDRESS_SPACE_BYTES)
    from vision.detector_file import (  # noqa: PLC0415  OpenCV loads within the limits
        UnusableDetectorError,
        load_detector,
    )

    try:
        load_detector(Path(file))
    except UnusableDetectorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
