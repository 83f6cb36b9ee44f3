"""Dashboards as files in the folder that Grafana's provisioning reads, one folder a language."""

import os
from collections.abc import Mapping
from pathlib import Path


def bring_files(files: Mapping[Path, str], folder: Path) -> int:
    """Make the folder hold these files and no other dashboard; return how many were written.

    Each is replaced in one step: Grafana may read at any time. Raises ``OSError``.
    """
    written = 0
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        # Not a name that provisioning would read.
        draft = target.with_name(f".{target.name}.{os.getpid()}.new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
        written += 1
    languages = {path.parent for path in files}
    for found in (each for language in languages for each in (folder / language).glob("*.json")):
        if found.relative_to(folder) not in files:
            found.unlink()
    return written
