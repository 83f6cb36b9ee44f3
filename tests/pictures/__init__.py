"""The documentation's example pictures: rendered by the simulator, judged by the real judge."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "vision"
MOST_BYTES = 120_000

JUDGED = (
    "overfull.jpg",
    "litter-and-bag.jpg",
    "passer-by.jpg",
    "emptied-not-swept.jpg",
    "camera-health.jpg",
)
"""Made by :mod:`tests.pictures.judged`: the same bytes each time."""

PAGES = tuple(
    f"{name}.{language}.jpg" for name in ("calibration", "review") for language in ("en", "zh-CN")
)
"""Made by :mod:`tests.pictures.pages` of a running demo: alike, never the same bytes."""
