"""Bringing dashboards into a Grafana, and saying how its own differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dashboards.comparison import differences
from dashboards.grafana_port import DashboardStore, Folder, GrafanaRefusalError, Model


class Standing(StrEnum):
    """How a dashboard stands in Grafana."""

    SAME = "same"
    MISSING = "missing"
    OTHER = "other"
    IN_ANOTHER_FOLDER = "in_another_folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDashboard:
    """A dashboard and the folder it belongs into."""

    model: Model
    folder: Folder

    @property
    def uid(self) -> str:
        """Its uid."""
        return str(self.model["uid"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How one dashboard stands; ``differing`` are paths into its JSON.

    ``from_file``: Grafana reads it from provisioning files and takes it from nowhere else.
    ``version`` is that of Grafana, 0 where it is missing.
    """

    uid: str
    standing: Standing
    differing: Sequence[str] = ()
    from_file: bool = False
    version: int = 0


def compare(store: DashboardStore, wanted: Sequence[WantedDashboard]) -> list[Finding]:
    """Return how each dashboard stands; raise what :class:`DashboardStore` raises."""
    return [_finding(store, each) for each in wanted]


def push(store: DashboardStore, wanted: Sequence[WantedDashboard]) -> list[Finding]:
    """Write what is not as it should be, read it back, and return what was found before.

    Equal dashboards are left alone, so their history in Grafana does not grow. Those from files
    are left to the files. Raises :class:`GrafanaRefusalError` when one reads back otherwise.
    """
    before = compare(store, wanted)
    by_uid = {each.uid: each for each in wanted}
    to_write = [f for f in before if f.standing is not Standing.SAME and not f.from_file]
    folders = {by_uid[finding.uid].folder.uid: by_uid[finding.uid].folder for finding in to_write}
    for folder in folders.values():
        store.save_folder(folder)
    for finding in to_write:
        _write(store, by_uid[finding.uid])
    return before


def _write(store: DashboardStore, wanted: WantedDashboard) -> None:
    store.save_dashboard(wanted.model, folder_uid=wanted.folder.uid)
    after = _finding(store, wanted)
    if after.standing is not Standing.SAME:
        where = ", ".join(after.differing) or str(after.standing)
        msg = f"{wanted.uid} was written and reads back otherwise: {where}"
        raise GrafanaRefusalError(msg)


def _finding(store: DashboardStore, wanted: WantedDashboard) -> Finding:
    found = store.dashboard(wanted.uid)
    if found is None:
        return Finding(uid=wanted.uid, standing=Standing.MISSING)
    differing = differences(wanted.model, found.model)
    if differing:
        standing = Standing.OTHER
    elif found.folder_uid != wanted.folder.uid:
        standing = Standing.IN_ANOTHER_FOLDER
    else:
        standing = Standing.SAME
    return Finding(
        uid=wanted.uid,
        standing=standing,
        differing=differing,
        from_file=found.from_file,
        version=found.version,
    )
