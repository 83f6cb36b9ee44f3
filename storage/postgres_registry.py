"""The registry in PostgreSQL: imported whole, every version kept, followed while it changes."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, Connection, Row, Table, delete, func, insert, select

from domain.devices import Camera
from domain.places import Name
from domain.registry import RegistrySnapshot
from storage.postgres import (
    DatabaseUnavailableError,
    WriteLock,
    reading_engine,
    writing_engine,
)
from storage.registry_file import decode_registry, encode_registry
from storage.registry_tables import (
    LAID_OUT,
    SCHEMA,
    cameras,
    containers,
    crews,
    places,
    sensors,
    subdistricts,
    units,
    versions,
)

_log = structlog.get_logger(__name__)

_SOURCE = Path("registry in the database")
_LOOK_EVERY_S = 1.0


class NoRegistryError(Exception):
    """No registry has been imported yet. ``huanwei registry import FILE``."""


class OlderRegistryError(Exception):
    """The database has this version or a newer one. Export it, edit that, import it again."""

    def __init__(self, *, offered: int, there: int) -> None:
        super().__init__(
            f"this is version {offered}, and the database has version {there}: somebody has"
            " imported meanwhile. Export it, make the change there with a higher version"
        )


class PostgresRegistry:
    """Fulfils ``domain.ports.registry.Registry``: looks for a newer version once a second.

    Construction raises :class:`NoRegistryError` or ``DatabaseUnavailableError``. Later, while the
    database is away, the last good snapshot stays, and that is logged once.
    """

    def __init__(
        self,
        url: URL | str,
        *,
        monotonic_s: Callable[[], float],
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        self._engine = reading_engine(url, schema=SCHEMA)
        self._monotonic_s = monotonic_s
        self._look_every_s = look_every_s
        self._lock = threading.Lock()
        self._away = False
        try:
            found = self._newest()
        except BaseException:
            self.close()
            raise
        if found is None:
            self.close()
            msg = "no registry has been imported: huanwei registry import FILE"
            raise NoRegistryError(msg)
        self._revision, self._snapshot = found
        self._next_look_s = monotonic_s() + look_every_s

    def current(self) -> RegistrySnapshot:
        """Return the newest snapshot; the same object until another has been imported."""
        with self._lock:
            now_s = self._monotonic_s()
            if now_s >= self._next_look_s:
                self._next_look_s = now_s + self._look_every_s
                self._look()
            return self._snapshot

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _look(self) -> None:
        try:
            found = self._newest(after=self._revision)
        except DatabaseUnavailableError as error:
            if not self._away:
                self._away = True
                _log.error("registry_not_reached", finding=str(error))
            return
        if self._away:
            self._away = False
            _log.info("registry_reached_again")
        if found is not None:
            self._revision, self._snapshot = found
            _log.info("registry_read", version=self._snapshot.version)

    def _newest(self, after: int = 0) -> tuple[int, RegistrySnapshot] | None:
        newest = select(func.max(versions.c.revision)).scalar_subquery()
        wanted = select(versions).where(versions.c.revision > after, versions.c.revision == newest)
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else (row.revision, _snapshot_of(row))


class PostgresRegistryWriter:
    """Imports registries, and fulfils ``domain.ports.registry.RegistryEditor``.

    ``by`` is written beside every version. Every method raises ``DatabaseUnavailableError``.
    """

    def __init__(self, url: URL | str, *, by: str, now: Callable[[], datetime]) -> None:
        self._engine = writing_engine(url, lock=WriteLock.REGISTRY, schema=SCHEMA)
        self._by = by
        self._now = now

    def put(self, snapshot: RegistrySnapshot) -> bool:
        """Make this the newest version; return False when it is that already.

        Raises :class:`OlderRegistryError` unless its version is higher than all before.
        """
        with self._engine.begin() as connection:
            newest = _newest_row(connection)
            if newest is not None and _snapshot_of(newest) == snapshot:
                return False
            if newest is not None and newest.version >= snapshot.version:
                raise OlderRegistryError(offered=snapshot.version, there=newest.version)
            self._write(connection, snapshot)
        return True

    def replace_camera(self, camera: Camera) -> None:
        """Put this camera in the place of the one of its id; raise ``LookupError``."""
        with self._engine.begin() as connection:
            newest = _newest_row(connection)
            if newest is None:
                raise LookupError(camera.device_id)
            snapshot = _snapshot_of(newest)
            if camera.device_id not in snapshot.cameras:
                raise LookupError(camera.device_id)
            changed = replace(
                snapshot,
                version=snapshot.version + 1,
                cameras={**snapshot.cameras, camera.device_id: camera},
            )
            self._write(connection, changed)

    def newest(self) -> bytes:
        """Return the newest version as the bytes of a file; raise :class:`NoRegistryError`."""
        with self._engine.begin() as connection:
            row = _newest_row(connection)
        if row is None:
            msg = "no registry has been imported"
            raise NoRegistryError(msg)
        return str(row.document).encode()

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _write(self, connection: Connection, snapshot: RegistrySnapshot) -> None:
        connection.execute(
            insert(versions).values(
                version=snapshot.version,
                imported_at=self._now(),
                imported_by=self._by,
                document=encode_registry(snapshot).decode(),
                district_zh=snapshot.district.zh,
                district_en=snapshot.district.en,
            )
        )
        rows = _laid_out(snapshot)
        for table in LAID_OUT:
            connection.execute(delete(table))
            if rows[table.name]:
                connection.execute(insert(table), rows[table.name])


def _newest_row(connection: Connection) -> Row[Any] | None:
    return connection.execute(
        select(versions).order_by(versions.c.revision.desc()).limit(1)
    ).first()


def _snapshot_of(row: Row[Any]) -> RegistrySnapshot:
    return decode_registry(str(row.document).encode(), _SOURCE)


def _laid_out(snapshot: RegistrySnapshot) -> dict[str, list[dict[str, object]]]:
    return {
        subdistricts.name: [
            {
                "subdistrict_id": area.subdistrict_id,
                **_names(area.name),
                "outline": [[point.latitude_deg, point.longitude_deg] for point in area.outline],
            }
            for area in snapshot.subdistricts.values()
        ],
        units.name: [
            {"unit_id": unit.unit_id, **_names(unit.name), "kind": str(unit.kind)}
            for unit in snapshot.units.values()
        ],
        crews.name: [
            {"crew_id": crew.crew_id, **_names(crew.name), "unit_id": crew.unit_id}
            for crew in snapshot.crews.values()
        ],
        places.name: [
            {
                **_columns(places, place, but=_PLACED),
                **_names(place.name),
                "latitude_deg": place.location.latitude_deg,
                "longitude_deg": place.location.longitude_deg,
            }
            for place in snapshot.places.values()
        ],
        containers.name: [_columns(containers, each) for each in snapshot.containers.values()],
        sensors.name: [_columns(sensors, each) for each in snapshot.sensors.values()],
        cameras.name: [_columns(cameras, each) for each in snapshot.cameras.values()],
    }


_PLACED = ("name_zh", "name_en", "latitude_deg", "longitude_deg")


def _names(name: Name) -> dict[str, object]:
    return {"name_zh": name.zh, "name_en": name.en}


def _columns(table: Table, entry: object, *, but: Sequence[str] = ()) -> dict[str, object]:
    values = {name: getattr(entry, name) for name in table.columns.keys() if name not in but}  # noqa: SIM118  its own
    return {name: str(v) if isinstance(v, str) else v for name, v in values.items()}
