"""A district of any size and what it would have told: synthetic, through our own line writers.

Rates are those of the writers. Two things are thinned out, because no query reads them: series of
one place or device are whole for every twentieth place and end six hours back for the others
(queries name one place); ``*_now`` points cover the last hours only (queries look back 25 minutes).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.devices import Camera, Device, FillSensor, SensorModel, Zone, ZoneKind
from domain.places import (
    AreaKind,
    Crew,
    GeoPoint,
    Name,
    Place,
    PlaceKind,
    ResponsibleUnit,
    Subdistrict,
    UnitKind,
    WasteContainer,
)
from domain.records import CameraHealth
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.rollup_lines import DISTRICT
from ingest.instants import to_us
from ingest.reasons import RefusalReason
from wire.topics import shard_of

SUBDISTRICTS, PLACES_A_GATEWAY = 20, 40
WHOLE_EVERY = 20
LATELY = timedelta(hours=6)
TEN_MINUTES, DAY = timedelta(minutes=10), timedelta(days=1)
PROCESSES = ("ingest-0", "ingest-16", "alerts", "api", "centre")
Fields = dict[str, float | str | None]
_CORNERS = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))


def large_registry(places: int) -> RegistrySnapshot:
    """Return a registry: 2.5 sensors a place, a camera at every fifth, 20 subdistricts."""
    rng = random.Random(11)
    areas = {
        key: Subdistrict(subdistrict_id=key, name=Name(zh=f"第{n}街道", en=f"Subdistrict {n}"))
        for n in range(SUBDISTRICTS)
        if (key := f"area-{n:02d}")
    }
    units = {
        key: ResponsibleUnit(
            unit_id=key,
            name=Name(zh=f"第{n}责任单位", en=f"Unit {n}"),
            kind=list(UnitKind)[n % len(UnitKind)],
        )
        for n in range(2 * SUBDISTRICTS)
        if (key := f"unit-{n:02d}")
    }
    crews = {
        f"crew-{n:02d}": Crew(
            crew_id=f"crew-{n:02d}", name=Name(zh=f"第{n}班组", en=f"Crew {n}"), unit_id=unit_id
        )
        for n, unit_id in enumerate(units)
    }
    found = {
        f"place-{n:04d}": Place(
            place_id=f"place-{n:04d}",
            name=Name(zh=f"人民路{n}号垃圾收集点", en=f"Renmin Road {n} collection point"),
            kind=list(PlaceKind)[n % len(PlaceKind)],
            area_kind=list(AreaKind)[n % len(AreaKind)],
            subdistrict_id=f"area-{n % SUBDISTRICTS:02d}",
            grid_cell_id=f"cell-{n:04d}",
            location=GeoPoint(
                latitude_deg=33.4 + rng.random() * 0.2, longitude_deg=118.2 + rng.random() * 0.2
            ),
            unit_id=f"unit-{n % (2 * SUBDISTRICTS):02d}",
            collecting_unit_id=f"unit-{n % 4:02d}",
            crew_id=f"crew-{n % (2 * SUBDISTRICTS):02d}",
            collecting_crew_id=f"crew-{n % 4:02d}",
        )
        for n in range(places)
    }
    bins = [(place_id, letter) for n, place_id in enumerate(found) for letter in "abc"[: 2 + n % 2]]
    return RegistrySnapshot(
        version=1,
        district=Name(zh="大区", en="Large District"),
        subdistricts=areas,
        units=units,
        crews=crews,
        places=found,
        containers={
            f"bin-{place_id}-{letter}": WasteContainer(
                container_id=f"bin-{place_id}-{letter}",
                place_id=place_id,
                depth_mm=1_000.0,
                sensor_above_rim_mm=100.0,
                capacity_l=240.0,
            )
            for place_id, letter in bins
        },
        sensors={
            f"fill-{place_id}-{letter}": FillSensor(
                device_id=f"fill-{place_id}-{letter}",
                place_id=place_id,
                container_id=f"bin-{place_id}-{letter}",
                gateway_id=_gateway(place_id),
                model=SensorModel.HUANWEI_JSON,
                report_interval_s=600,
                dead_zone_mm=200.0,
            )
            for place_id, letter in bins
        },
        cameras={
            f"cam-{place_id}": Camera(
                device_id=f"cam-{place_id}",
                place_id=place_id,
                gateway_id=_gateway(place_id),
                snapshot_url="http://127.0.0.1/snapshot.jpg",
                snapshot_interval_s=600,
                zones=(
                    Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=_CORNERS, area_m2=9.0),
                ),
                sign_posted=True,
                legal_basis="个人信息保护法第二十六条",
            )
            for n, place_id in enumerate(found)
            if n % 5 == 0
        },
    )


def _gateway(place_id: str) -> str:
    """A gateway hears places of one subdistrict."""
    number = int(place_id.removeprefix("place-"))
    area = number % SUBDISTRICTS
    return f"gw-{area:02d}-{number // SUBDISTRICTS // PLACES_A_GATEWAY}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeDistrict:
    """What a district told in the ``days`` before ``until``."""

    registry: RegistrySnapshot
    until: datetime
    days: int

    @property
    def since(self) -> datetime:
        """When it began."""
        return self.until - self.days * DAY

    def raw_lines(self) -> Iterator[bytes]:
        """Return every point of the raw bucket."""
        for number, place in enumerate(self.registry.places.values()):
            whole = number % WHOLE_EVERY == 0
            yield from self._of_place(place, self.since if whole else self.until - LATELY)
        yield from self._emptyings()
        yield from self._silences()
        yield from self._subdistricts()
        yield from self._now()
        yield from self._processes()

    def daily_lines(self) -> Iterator[bytes]:
        """Return the coverage of each day."""
        devices: dict[tuple[str, str, str], int] = {}
        for device in self._devices():
            place = self.registry.places[device.place_id]
            key = (f"shard-{shard_of(device.gateway_id):02d}", place.subdistrict_id, place.unit_id)
            devices[key] = devices.get(key, 0) + 1
        for day in range(self.days + 1):
            midnight = (self.since + day * DAY).astimezone(DISTRICT)
            at = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
            for (shard, area, unit), count in devices.items():
                tags = {"shard": shard, "subdistrict_id": area, "unit_id": unit}
                due = 24.0 * count
                yield line("coverage", tags, {"due": due, "observed": due * 0.97}, _ns(at))

    def _devices(self) -> Iterator[Device]:
        yield from self.registry.sensors.values()
        yield from self.registry.cameras.values()

    def _steps(self, since: datetime, every: timedelta = TEN_MINUTES) -> Iterator[tuple[int, int]]:
        for step in range((self.until - since) // every + 1):
            yield step, _ns(since + step * every)

    def _of_place(self, place: Place, since: datetime) -> Iterator[bytes]:
        tags = {"place_id": place.place_id, "subdistrict_id": place.subdistrict_id}
        sensors = self.registry.sensors_at[place.place_id]
        cameras = self.registry.cameras_at[place.place_id]
        devices: list[Device] = [*sensors, *cameras]
        for step, at_ns in self._steps(since):
            fill = step % 120 / 100
            state = "problem" if fill > 1 else "clean"
            counts: Fields = {
                "devices": len(devices),
                "fresh_devices": len(devices),
                "open_cases": 0,
            }
            more: Fields = {"fill": fill, "overdue_cases": 0, "overflowing": float(fill > 1)}
            yield line("place", tags, {**counts, **more, "state": state}, at_ns)
            for device in devices:
                health: Fields = {"ok": 1.0, "state": "ok", "silent_s": 60.0 + step % 500}
                yield line("device_health", {**tags, "device_id": device.device_id}, health, at_ns)
            for sensor in sensors:
                own = {"device_id": sensor.device_id, "place_id": place.place_id}
                read: Fields = {
                    "filling_level": fill,
                    "distance_mm": 1_000 - 800 * fill,
                    "battery_v": 3.6,
                }
                yield line("fill", own, {**read, "measurement_quality": "accepted"}, at_ns)
            for camera in cameras:
                own = {"device_id": camera.device_id, "place_id": place.place_id}
                picture = f"/pictures/{step:064x}"
                seen: Fields = {"camera_health": "ok", "picture": picture, "gateway_delay_s": 1.0}
                yield line("snapshot", own, seen, at_ns)
                for problem in ("scattered_litter", "exposed_waste", "bagged_waste_on_ground"):
                    verdict = {**own, "zone_id": "ground", "problem_class": problem}
                    said: Fields = {
                        "state": state_of(step),
                        "score": 0.4,
                        "number": 0,
                        "picture": picture,
                    }
                    yield line("verdict", verdict, said, at_ns)

    def _emptyings(self) -> Iterator[bytes]:
        rng = random.Random(12)
        for sensor in self.registry.sensors.values():
            place = self.registry.places[sensor.place_id]
            tags = {
                "device_id": sensor.device_id,
                "place_id": place.place_id,
                "subdistrict_id": place.subdistrict_id,
            }
            for day in range(self.days):
                at = self.until - timedelta(days=day, seconds=rng.randrange(86_400))
                levels: Fields = {"level_before": 0.9, "level_after": 0.05, "gateway_delay_s": 1.0}
                names: Fields = {"place": place.name.zh, "place_en": str(place.name.en)}
                yield line("emptied", tags, {**levels, **names}, _ns(at))

    def _silences(self) -> Iterator[bytes]:
        """Three devices in a hundred are silent at any time, others every six hours."""
        devices = list(self._devices())
        silent = len(devices) * 3 // 100
        for step, at_ns in self._steps(self.since):
            first = step // 36 * silent
            for number in range(first, first + silent):
                device = devices[number % len(devices)]
                area = self.registry.places[device.place_id].subdistrict_id
                tags = {"device_id": device.device_id, "place_id": device.place_id}
                silent_s = 3_600.0 + step % 36 * 600 + number % 7
                tags["subdistrict_id"] = area
                yield line("silence", tags, {"silent_s": silent_s}, at_ns)

    def _subdistricts(self) -> Iterator[bytes]:
        counts = {f"cameras_{health}": 2.0 for health in CameraHealth}
        fleet = {
            "battery_low": 3.0,
            "battery_lowest": 0.2,
            "camera_unusable": 1.0,
            "devices": 270.0,
        }
        fleet |= {"heard": 262.0, "ok": 258.0, "rssi_lowest": -112.0, "silent": 8.0, "unknown": 0.0}
        places = {"clean": 80.0, "warning": 10.0, "problem": 6.0, "overdue": 2.0, "unknown": 2.0}
        for _, at_ns in self._steps(self.since):
            for area in self.registry.subdistricts:
                tags = {"subdistrict_id": area}
                yield line("fleet", tags, {**fleet, **counts}, at_ns)
                yield line("places", tags, {**places, "overflowing": 3.0, "places": 100.0}, at_ns)

    def _now(self) -> Iterator[bytes]:
        for step, at_ns in self._steps(self.until - timedelta(hours=2)):
            for number, place in enumerate(self.registry.places.values()):
                at = place.location
                fields: Fields = {
                    "fill": (number * 7 + step) % 120 / 100,
                    "latitude": at.latitude_deg,
                    "longitude": at.longitude_deg,
                    "name": place.name.zh,
                    "name_en": place.name.en,
                    "open_cases": 0,
                    "overflowing": 0,
                    "place_id": place.place_id,
                    "state": state_of_place(number),
                }
                area = {"subdistrict_id": place.subdistrict_id}
                yield line("place_now", area, fields, at_ns + number)
            for number, device in enumerate(self._devices()):
                place = self.registry.places[device.place_id]
                fields = {
                    "battery_ratio": number % 100 / 100,
                    "device_id": device.device_id,
                    "ok": 1.0,
                    "place": place.name.zh,
                    "place_en": place.name.en,
                    "place_id": place.place_id,
                    "rssi_dbm": -70.0 - number % 50,
                    "silent_s": float(number * 7 % 9_000),
                    "state": "ok",
                }
                area = {"subdistrict_id": place.subdistrict_id}
                yield line("device_now", area, fields, at_ns + number)

    def _processes(self) -> Iterator[bytes]:
        every = timedelta(seconds=15)
        for process in PROCESSES:
            tags = {"process": process}
            for step, at_ns in self._steps(self.since, every):
                yield line("process", tags, _figures(step), at_ns)
        for process in PROCESSES[:2]:
            for reason in list(RefusalReason)[:3]:
                tags = {"process": process, "reason": reason}
                for step, at_ns in self._steps(self.since, every):
                    yield line("refused", tags, {"total": step // 500}, at_ns)


def _figures(step: int) -> Fields:
    """Return the figures that dashboards read; the others are series that no query touches."""
    return {
        "alerts_evaluation_failures_total": step // 20_000,
        "alerts_journal_lag_entries": step % 5,
        "disk_free_bytes": 4e11 - step,
        "disk_free_ratio": 0.4,
        "influx_backlog_entries": step % 100,
        "ingest_failed_rounds_total": step // 30_000,
        "ingest_lag_seconds": 0.2 + step % 7,
        "ingest_pictures_total": step * 10,
        "ingest_records_total": step * 140,
        "ingest_refused_total": step // 400,
        "ingest_series_backlog_entries": step % 9,
        "ingest_series_failures_total": step // 40_000,
    }


def state_of(step: int) -> str:
    """Return what a camera says."""
    return ("clear", "clear", "present", "unknown")[step // 18 % 4]


def state_of_place(number: int) -> str:
    """Return how a place stands."""
    return ("clean", "clean", "clean", "warning", "problem", "overdue", "unknown")[number % 7]


def _ns(at: datetime) -> int:
    return to_us(at) * 1000
