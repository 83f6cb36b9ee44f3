"""What this project asks of a Grafana, in its own words: values, ports, and what can go wrong.

The errors are few and named by what the caller can do about them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Model = Mapping[str, Any]
"""A dashboard as its JSON says it."""


class GrafanaError(Exception):
    """Grafana did not do what was asked; the text says what and why."""


class GrafanaOutageError(GrafanaError):
    """No answer, or a server's error, even after further tries: later it may work."""


class GrafanaCredentialsError(GrafanaError):
    """The token or password is wrong, or may not do this: somebody has to give another."""


class NotInGrafanaError(GrafanaError):
    """There is no such thing in this Grafana."""


class VersionMismatchError(GrafanaError):
    """Somebody has changed it since it was read: read it again, then decide."""


class GrafanaRefusalError(GrafanaError):
    """Grafana will not take this, or the address is not that of a Grafana: trying again is vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of dashboards. ``uid`` is at most 40 characters and stays the same for ever."""

    uid: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDashboard:
    """A dashboard as Grafana has it. ``from_file``: provisioned, so that no one can push it."""

    model: Model
    folder_uid: str
    version: int
    from_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSourceHealth:
    """What a data source says about itself. It can say yes and still have no data."""

    well: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A mark on the time axis of every dashboard that asks for its tags."""

    at: datetime
    text: str
    tags: tuple[str, ...]


class DashboardStore(Protocol):
    """Folders and dashboards, each known by its uid. Every method raises :class:`GrafanaError`."""

    def folder(self, uid: str) -> Folder | None:
        """Return the folder, None where there is none."""
        ...

    def save_folder(self, folder: Folder) -> None:
        """Make the folder, or give it this title. Again is the same as once."""
        ...

    def dashboard(self, uid: str) -> StoredDashboard | None:
        """Return the dashboard, None where there is none."""
        ...

    def save_dashboard(self, model: Model, *, folder_uid: str, onto: int | None = None) -> None:
        """Put the dashboard in its place, over whatever is there.

        With ``onto``, only over that version; :class:`VersionMismatchError` where it is another.
        """
        ...


class Annotations(Protocol):
    """Marks on the time axis. Every method raises :class:`GrafanaError`."""

    def annotations_at(self, at: datetime, *, tags: Sequence[str]) -> Sequence[Annotation]:
        """Return the annotations at that millisecond which have all these tags."""
        ...

    def annotate(self, annotation: Annotation) -> None:
        """Write one annotation. Twice makes two, so it is tried once only."""
        ...
