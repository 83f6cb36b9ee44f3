"""How often the fingerprints of proof photos know a picture again, and take others for it.

``python -m tests.benchmarks.photo_fingerprints DIR``: ``DIR/manifest.csv`` names pictures and their
``group`` (near-duplicates share one). Prints JSON.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from domain.photo_evidence import ALIKE_BITS, alike
from vision.fingerprint import fingerprint_of
from vision.limited_cv2 import Picture, bytes_of, cv2

_FOLDERS = ("street_web/", "overflow_crops/")


def main(folder: Path) -> None:
    """Measure and print."""
    pictures = dict(_pictures(folder))
    kept = {name: fingerprint_of(picture) for name, (_, picture) in pictures.items()}
    rng = Random(3)
    known: dict[str, list[bool]] = {}
    for name, (_, picture) in pictures.items():
        for change, changed in _changed(picture, rng):
            known.setdefault(change, []).append(alike(kept[name], fingerprint_of(changed)))
    names = sorted(kept)
    others = [
        (kept[one] ^ kept[other]).bit_count()
        for index, one in enumerate(names)
        for other in names[:index]
        if pictures[one][0] != pictures[other][0]
    ]
    fixed = [
        fingerprint_of(_read(path))
        for path in sorted((folder / "fixed_camera/highway/input").iterdir())
    ]
    same_view = [alike(a, b) for index, a in enumerate(fixed) for b in fixed[:index]]
    print(
        json.dumps(
            {
                "pictures": len(names),
                "most_bits": ALIKE_BITS,
                "known_again": {change: round(float(np.mean(v)), 4) for change, v in known.items()},
                "pairs_of_other_groups": len(others),
                "taken_for_the_same": sum(bits <= ALIKE_BITS for bits in others),
                "within_20_24_28_32_bits": [
                    sum(b <= most for b in others) for most in range(20, 36, 4)
                ],
                "one_fixed_view_at_other_times": round(float(np.mean(same_view)), 3),
            },
            indent=1,
        )
    )


def _pictures(folder: Path) -> Iterator[tuple[str, tuple[str, Picture]]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["file"].startswith(_FOLDERS) and row["file"].endswith(".jpg"):
                yield row["file"], (row["group"], _read(folder / row["file"]))


def _read(path: Path) -> Picture:
    return bytes_of(cv2.imread(str(path), cv2.IMREAD_COLOR))


def _changed(picture: Picture, rng: Random) -> Iterator[tuple[str, Picture]]:
    height, width = picture.shape[:2]
    half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    yield "jpeg_40", _sent(picture, 40)
    yield "half_size", _sent(bytes_of(half), 70)
    yield "brighter", _sent(bytes_of(cv2.convertScaleAbs(picture, alpha=1.15, beta=10)), 70)
    for percent in (2, 4, 6):
        left, top, right, bottom = (rng.random() * percent / 100 for _ in range(4))
        rows = slice(round(height * top), height - round(height * bottom))
        columns = slice(round(width * left), width - round(width * right))
        yield f"cut_up_to_{percent}_percent_a_side", _sent(picture[rows, columns], 70)
    yield "mirrored", bytes_of(cv2.flip(picture, 1))


def _sent(picture: Picture, quality: int) -> Picture:
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes_of(cv2.imdecode(coded, cv2.IMREAD_COLOR))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
