"""Judges one segment of an archive: ``python -m vision.rescore_process PARENT_PID``.

Reads the segment from standard input; its result is there whole or not at all.
"""

import sys
from pathlib import Path

import msgspec

from domain.records import CameraHealth, SnapshotVerdicts
from vision.child_work import judge_of
from vision.judging import CameraJudge
from vision.overflow_network import watching_network
from vision.picture_input import SNAPSHOT_LIMITS, UnreadablePictureError
from vision.process_limits import allow_cpu, end_with_parent, limit_memory
from vision.rescore import Segment

ADDRESS_SPACE_BYTES = 1536 * 1024 * 1024
PICTURE_CPU_S = 5


def main(parent_pid: int) -> None:
    """Judge what is asked, write it, end."""
    end_with_parent(parent_pid)
    limit_memory(ADDRESS_SPACE_BYTES)
    segment = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Segment)
    folder = Path(segment.references_folder)
    network = watching_network(folder) if segment.overflow_network else None
    judge = judge_of(segment.camera, folder, network)
    result = Path(segment.result)
    result.parent.mkdir(parents=True, exist_ok=True)
    draft = result.with_name(f".{result.name}.unfinished")
    with draft.open("wb") as file:
        for number, name in enumerate(segment.pictures):
            values = _look(judge, Path(name))
            if number >= segment.reminders:
                line = {"camera": segment.camera.device_id, "picture": name, "said": values}
                file.write(msgspec.json.encode(line) + b"\n")
    draft.replace(result)


def _look(judge: CameraJudge, path: Path) -> SnapshotVerdicts:
    allow_cpu(PICTURE_CPU_S)
    try:
        with path.open("rb") as file:
            return judge.judge(file.read(SNAPSHOT_LIMITS.most_bytes + 1))[0]
    except UnreadablePictureError:
        return judge.fail(CameraHealth.UNREADABLE)
    except OSError:
        return judge.fail(CameraHealth.UNREACHABLE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
