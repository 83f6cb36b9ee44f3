"""Alerts about devices: silent, battery low, picture unusable. They never open a case."""

from collections.abc import Iterator

from alerts.alert_records import Cause, NewAlert
from alerts.cases import CaseWork
from alerts.limits import AlertRules
from alerts.observations import Observations
from alerts.open_alerts import OpenAlerts
from alerts.rule_states import RuleStates
from alerts.rules.silence import BatteryBand, DeviceWatch, FeedFlow, is_silent, is_unusable
from domain.alerts import AlertLevel, DeviceCondition
from domain.devices import Camera, Device
from domain.registry import RegistrySnapshot

FLOW = "feed"
"""The one subject of the feed's own state."""


class DeviceAlerts:
    """Brings the open alerts of devices in line with what is known of them."""

    def __init__(
        self,
        states: RuleStates,
        observations: Observations,
        alerts: OpenAlerts,
        rules: AlertRules,
    ) -> None:
        self._states = states
        self._observations = observations
        self._alerts = alerts
        self._rules = rules

    def refresh(self, device: Device, work: CaseWork) -> bool:
        """After an entry of that device; return whether what is known of its silence changed."""
        watch = self._states.get(DeviceWatch, device.device_id)
        if watch is None:
            return False
        self._set(device, DeviceCondition.BATTERY_LOW, _battery_reason(watch), work)
        unusable = is_unusable(watch, work.now, self._rules)
        reason = "camera_unusable" if unusable else None
        self._set(device, DeviceCondition.CAMERA_UNUSABLE, reason, work)
        return self._judge_silence(device, watch, work)

    def tick(self, work: CaseWork) -> Iterator[str]:
        """Look at every device of the registry; yield the places where a silence began or ended."""
        for device in _devices(work.registry):
            watch = self._observations.device_watch(device.device_id, work.now)
            if self._judge_silence(device, watch, work):
                yield device.place_id

    def drop_unknown(self, work: CaseWork) -> None:
        """End the alerts of what the registry no longer has."""
        for alert in self._alerts.all():
            device_gone = (
                isinstance(alert.subject, DeviceCondition)
                and work.registry.device(alert.device_id or "") is None
            )
            if device_gone or alert.place_id not in work.registry.places:
                self._alerts.resolve(work.connection, alert, now=work.now)

    def _judge_silence(self, device: Device, watch: DeviceWatch, work: CaseWork) -> bool:
        flow = self._states.get(FeedFlow, FLOW)
        silent = is_silent(watch, flow, interval_s(device), work.now, self._rules)
        reason = "no_data" if silent else None
        return self._set(device, DeviceCondition.SILENT, reason, work)

    def _set(
        self, device: Device, condition: DeviceCondition, reason: str | None, work: CaseWork
    ) -> bool:
        """Fire or resolve so that ``reason`` stands; return whether that changed anything."""
        alert = self._alerts.find(device.device_id, condition)
        if reason is None:
            if alert is None:
                return False
            self._alerts.resolve(work.connection, alert, now=work.now)
            return True
        cause = Cause(device_id=device.device_id, reason=reason)
        if alert is not None:
            self._alerts.add(work.connection, alert, (cause,), now=work.now)
            return False
        new = NewAlert(
            place_id=device.place_id,
            subject=condition,
            level=AlertLevel.WARNING,
            causes=(cause,),
        )
        self._alerts.fire(work.connection, new, now=work.now)
        return True


def interval_s(device: Device) -> float:
    """Return how often a device is expected to speak, in business seconds."""
    if isinstance(device, Camera):
        return device.snapshot_interval_s
    return device.report_interval_s


def _battery_reason(watch: DeviceWatch) -> str | None:
    match watch.battery:
        case BatteryBand.GOOD:
            return None
        case BatteryBand.LOW:
            return "battery_low"
        case BatteryBand.CRITICAL:
            return "battery_critical"


def _devices(registry: RegistrySnapshot) -> Iterator[Device]:
    yield from registry.sensors.values()
    yield from registry.cameras.values()
