"""From what is wrong at a place to alerts and cases: firing, attaching, clearing."""

from alerts.alert_records import Cause, NewAlert
from alerts.case_moves import Move
from alerts.case_records import CaseEvent
from alerts.cases import CaseWork, Finding
from alerts.limits import AlertRules
from alerts.observations import Observations
from alerts.open_alerts import OpenAlerts
from alerts.rules.deadlines import HANDLING_STATES
from alerts.rules.reconciliation import FULL_BUT_CAMERA_CLEAR, reconcile
from domain.alerts import Alert, AlertLevel, DeviceCondition
from domain.cases import OPEN_STATES, Actor, CaseAction, CaseSource
from domain.problems import ProblemClass

_MILD = frozenset({ProblemClass.SCATTERED_LITTER, ProblemClass.BAGGED_WASTE_ON_GROUND})


class PlaceAlerts:
    """Brings the open alerts of a place in line with what its devices say."""

    def __init__(self, observations: Observations, alerts: OpenAlerts, rules: AlertRules) -> None:
        self._observations = observations
        self._alerts = alerts
        self._rules = rules

    def refresh(self, place_id: str, work: CaseWork) -> None:
        """Fire what is new, resolve what is over, note what else speaks for what stands."""
        view = self._observations.place_view(place_id, work.registry, self._alerts, work.now)
        findings = reconcile(view, self._rules)
        for problem in ProblemClass:
            causes = findings.problems.get(problem, ())
            alert = self._alerts.find(place_id, problem)
            if alert is not None and not causes:
                self._clear(alert, work)
            elif alert is not None:
                self._alerts.add(work.connection, alert, causes, now=work.now)
            elif causes:
                self._fire(place_id, problem, causes, work)
        for sensor in view.sensors:
            self._suspect(
                place_id, sensor.device_id, sensor.device_id in findings.suspect_sensors, work
            )

    def _fire(
        self, place_id: str, problem: ProblemClass, causes: tuple[Cause, ...], work: CaseWork
    ) -> None:
        new = NewAlert(
            place_id=place_id,
            subject=problem,
            level=AlertLevel.WARNING if problem in _MILD else AlertLevel.CRITICAL,
            causes=causes,
        )
        alert = self._alerts.fire(work.connection, new, now=work.now)
        file = work.find_open(place_id, problem)
        if file is not None:
            work.note_event(file, CaseEvent.ATTACHED, Actor.RULE)
        else:
            by_camera = causes[0].device_id in work.registry.cameras
            source = CaseSource.CAMERA if by_camera else CaseSource.SENSOR
            finding = Finding(place_id=place_id, problem_class=problem, source=source)
            file = work.open(finding, Actor.RULE)
        self._alerts.attach(work.connection, alert, file.case.case_id)

    def _clear(self, alert: Alert, work: CaseWork) -> None:
        """End an alert by itself. Its case then awaits verification; it is never closed by this.

        A crew that has arrived is at work: the clearing is its doing, and only logged, so that it
        can still finish with its photos.
        """
        self._alerts.resolve(work.connection, alert, now=work.now)
        file = None if alert.case_id is None else work.find(alert.case_id)
        if file is None or file.case.state not in OPEN_STATES:
            return
        if file.case.state in HANDLING_STATES and file.case.arrived_at is None:
            work.move(file, Move(action=CaseAction.CLEARED_BY_ITSELF, actor=Actor.RULE))
        else:
            work.note_event(file, CaseEvent.CLEARED, Actor.RULE)

    def _suspect(self, place_id: str, device_id: str, suspect: bool, work: CaseWork) -> None:  # noqa: FBT001  a state, not an option
        alert = self._alerts.find(device_id, DeviceCondition.SENSOR_SUSPECT)
        if suspect and alert is None:
            cause = Cause(device_id=device_id, reason=FULL_BUT_CAMERA_CLEAR)
            new = NewAlert(
                place_id=place_id,
                subject=DeviceCondition.SENSOR_SUSPECT,
                level=AlertLevel.WARNING,
                causes=(cause,),
            )
            self._alerts.fire(work.connection, new, now=work.now)
        elif alert is not None and not suspect:
            self._alerts.resolve(work.connection, alert, now=work.now)
