"""Whether a dashboard in Grafana is the one that was meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

ADDED_BY_GRAFANA = frozenset({"id", "version"})
"""At the top only: Grafana counts dashboards and their versions."""


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return the paths (``panels/3/title``) that are not the same, in order; none: all is equal."""
    own = {key: value for key, value in wanted.items() if key not in ADDED_BY_GRAFANA}
    theirs = {key: value for key, value in found.items() if key not in ADDED_BY_GRAFANA}
    return list(_differing(own, theirs, ()))


def _differing(wanted: object, found: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in sorted({*wanted, *found}):
            if key in wanted and key in found:
                yield from _differing(wanted[key], found[key], (*path, key))
            else:
                yield "/".join((*path, key))
    elif _is_list(wanted) and _is_list(found) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _differing(one, other, (*path, str(number)))
    elif wanted != found or isinstance(wanted, bool) is not isinstance(found, bool):
        # 1 and true are equal to Python, 1 and 1.0 to JSON.
        yield "/".join(path)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
