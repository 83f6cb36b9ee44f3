"""From a journal entry to what the rules remember of its device; nothing is decided here."""

from datetime import datetime

from alerts.alert_records import Cause
from alerts.limits import AlertRules
from alerts.open_alerts import OpenAlerts
from alerts.rule_states import RuleStates
from alerts.rules.reconciliation import (
    FILL_CRITICAL,
    GROUND_NOT_SWEPT,
    PlaceView,
    SensorView,
    ZoneView,
)
from alerts.rules.silence import DeviceWatch, heard, watch_battery, watch_camera
from alerts.rules.threshold import FillWatch, note_level, rearmed, watch_level
from alerts.rules.verdicts import VerdictWatch, clearly_gone, watch_verdict
from alerts.verification import ground_state
from domain.alerts import DeviceCondition
from domain.devices import Camera, Device, FillSensor, Zone
from domain.problems import ProblemClass
from domain.records import (
    FillReading,
    JournalEntry,
    MeasurementQuality,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from domain.registry import RegistrySnapshot


def accepted_level(reading: FillReading) -> float | None:
    """Return the level if it may be alerted by, else None."""
    accepted = reading.measurement_quality is MeasurementQuality.ACCEPTED
    return reading.filling_level if accepted else None


class Observations:
    """Takes entries into the rule states, and shows what they say of a place now."""

    def __init__(self, states: RuleStates, rules: AlertRules) -> None:
        self._states = states
        self._rules = rules

    def device_watch(self, device_id: str, now: datetime) -> DeviceWatch:
        """Return what is known of a device; one never heard is looked out for from now."""
        watch = self._states.get(DeviceWatch, device_id)
        if watch is None:
            watch = DeviceWatch(heard_at=now)
            self._states.put(device_id, watch)
        return watch

    def take(self, entry: JournalEntry, device: Device, now: datetime) -> None:
        """Take one entry. A late one at most sets the present state."""
        record = entry.record
        device_id, at = record.device_id, record.observed_at
        watch = self._states.get(DeviceWatch, device_id) or DeviceWatch(heard_at=min(at, now))
        watch = heard(watch, at)
        match record.values:
            case FillReading() as reading:
                if entry.sets_state and reading.battery_ratio is not None:
                    watch = watch_battery(watch, reading.battery_ratio, self._rules)
                self._take_reading(entry, reading)
            case SnapshotVerdicts() as snapshot:
                if entry.sets_state:
                    watch = watch_camera(watch, snapshot.camera_health, at)
                if isinstance(device, Camera) and not entry.late:
                    self._take_snapshot(device, snapshot, at)
            case _:
                pass
        self._states.put(device_id, watch)

    def _take_reading(self, entry: JournalEntry, reading: FillReading) -> None:
        level = accepted_level(reading)
        device_id, at = entry.record.device_id, entry.record.observed_at
        if level is None:
            return
        watch = self._states.get(FillWatch, device_id) or FillWatch()
        if not entry.late:
            self._states.put(device_id, watch_level(watch, level, at, self._rules))
        elif entry.sets_state:
            self._states.put(device_id, note_level(watch, level, at))

    def _take_snapshot(self, camera: Camera, snapshot: SnapshotVerdicts, at: datetime) -> None:
        zones = {zone.zone_id for zone in camera.zones}
        for verdict in snapshot.verdicts:
            if verdict.zone_id in zones:
                subject = _zone_subject(camera, verdict)
                self._take_verdict(subject, verdict.state, at, snapshot.picture_sha256)
        after_collection = _after_collection(camera)
        if self._states.get(VerdictWatch, after_collection) is not None:
            state = ground_state(camera, snapshot)
            self._take_verdict(after_collection, state, at, snapshot.picture_sha256)

    def _take_verdict(
        self, subject: str, state: VerdictState, at: datetime, picture_sha256: str | None
    ) -> None:
        watch = self._states.get(VerdictWatch, subject) or VerdictWatch()
        seen = watch_verdict(watch, state, at, self._rules, picture_sha256=picture_sha256)
        self._states.put(subject, seen)

    def not_swept(self, camera: Camera, picture_sha256: str | None) -> None:
        """Remember that waste was seen after a collection, until it is seen gone."""
        watch = VerdictWatch(present=True, picture_sha256=picture_sha256)
        self._states.put(_after_collection(camera), watch)

    def rearm(self, place_id: str, problem: ProblemClass, registry: RegistrySnapshot) -> None:
        """Forget what was seen of a problem, so that it must be seen anew to alert."""
        if problem is ProblemClass.BIN_OVERFLOW:
            for sensor in registry.sensors_at.get(place_id, ()):
                watch = self._states.get(FillWatch, sensor.device_id)
                if watch is not None:
                    self._states.put(sensor.device_id, rearmed(watch))
        for camera in registry.cameras_at.get(place_id, ()):
            if problem is ProblemClass.NOT_SWEPT_AFTER_COLLECTION:
                self._states.forget(VerdictWatch, _after_collection(camera))
            for zone in camera.zones:
                subject = f"{camera.device_id}/{zone.zone_id}/{problem}"
                self._states.forget(VerdictWatch, subject)

    def place_view(
        self, place_id: str, registry: RegistrySnapshot, alerts: OpenAlerts, now: datetime
    ) -> PlaceView:
        """Return what all devices of a place say of it now."""
        sensors = registry.sensors_at[place_id]
        cameras = registry.cameras_at[place_id]
        return PlaceView(
            sensors=tuple(self._sensor_view(sensor, alerts) for sensor in sensors),
            zones=tuple(
                view
                for camera in cameras
                for zone in camera.zones
                for view in self._zone_views(camera, zone, now)
            ),
            not_swept_by=tuple(
                cause for camera in cameras for cause in self._not_swept_cause(camera)
            ),
        )

    def _sensor_view(self, sensor: FillSensor, alerts: OpenAlerts) -> SensorView:
        watch = self._states.get(FillWatch, sensor.device_id) or FillWatch()
        return SensorView(
            device_id=sensor.device_id,
            container_id=sensor.container_id,
            band=watch.band,
            level=watch.level,
            silent=alerts.find(sensor.device_id, DeviceCondition.SILENT) is not None,
            believed=alerts.has_cause(
                sensor.place_id, ProblemClass.BIN_OVERFLOW, (sensor.device_id, FILL_CRITICAL)
            ),
        )

    def _zone_views(self, camera: Camera, zone: Zone, now: datetime) -> list[ZoneView]:
        views = []
        for problem in ProblemClass:
            subject = f"{camera.device_id}/{zone.zone_id}/{problem}"
            watch = self._states.get(VerdictWatch, subject)
            if watch is not None:
                views.append(
                    ZoneView(
                        device_id=camera.device_id,
                        problem_class=problem,
                        container_id=zone.container_id,
                        present=watch.present,
                        clearly_gone=clearly_gone(watch, now, self._rules),
                        picture_sha256=watch.picture_sha256,
                    )
                )
        return views

    def _not_swept_cause(self, camera: Camera) -> list[Cause]:
        watch = self._states.get(VerdictWatch, _after_collection(camera))
        if watch is None or not watch.present:
            return []
        return [
            Cause(
                device_id=camera.device_id,
                reason=GROUND_NOT_SWEPT,
                picture_sha256=watch.picture_sha256,
            )
        ]


def _zone_subject(camera: Camera, verdict: Verdict) -> str:
    return f"{camera.device_id}/{verdict.zone_id}/{verdict.problem_class}"


def _after_collection(camera: Camera) -> str:
    return f"{camera.device_id}/after_collection"
