"""What a worker's own files are called."""

from collections.abc import Sequence

from wire.shards import ALL_SHARDS, format_shards


def file_of_shards(file_name: str, shards: Sequence[int]) -> str:
    """Return the name of a worker's own file: workers may share a folder, and never a file."""
    if tuple(shards) == ALL_SHARDS:
        return file_name
    stem, dot, ending = file_name.rpartition(".")
    return f"{stem}-{format_shards(shards).replace(',', '_')}{dot}{ending}"
