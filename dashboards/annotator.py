"""Marks in Grafana when an alert opens and when a case is closed: one reader of the changes more.

Its place in the changes is in a file of its own. A mark is looked for before it is made, so a kill
between the two makes no second one.
"""

import os
import threading
from collections.abc import Callable
from html import escape
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, Counter

from dashboards.annotation_tags import ABOUT_DEVICE, ALERT_OPENED, CASE_CLOSED, MARK
from dashboards.grafana_port import Annotation, Annotations, GrafanaError
from domain.alerts import DeviceCondition
from domain.cases import CaseAction
from domain.changes import Change, ChangeKind
from domain.ports.change_feed import ChangeFeed
from domain.ports.registry import Registry
from texts.catalogue import Catalogue, Locale

POLL_S, RETRY_S = 2.0, 30.0
"""Technical seconds between looks: while all is well, and while Grafana does not take marks."""
AT_ONCE = 100

log = structlog.get_logger()


class AnnotatorMetrics:
    """What the annotator counts, registered in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter(
            "huanwei_grafana_annotations_total", "Marks written in Grafana.", registry=registry
        )
        self.failures = Counter(
            "huanwei_grafana_failures_total", "Rounds that could not mark.", registry=registry
        )


class Words:
    """Says a change in both languages: the dashboards of both show the same marks."""

    def __init__(self, catalogue: Catalogue, registry: Registry, *, console_url: str) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._console_url = console_url.rstrip("/")

    def annotation(self, change: Change) -> Annotation | None:
        """Return the mark of a change, None for what is not marked."""
        match change:
            case Change(kind=ChangeKind.ALERT_FIRED):
                what, subject = ALERT_OPENED, str(change.values.get("subject"))
            case Change(kind=ChangeKind.CASE_MOVED, values={"action": CaseAction.CONFIRM_CLEAN}):
                what, subject = CASE_CLOSED, str(change.values.get("problem_class"))
            case _:
                return None
        about = (ABOUT_DEVICE,) if subject in set(DeviceCondition) else ()
        said = " · ".join(self._said(what, subject, change, locale) for locale in Locale)
        return Annotation(
            at=change.changed_at, text=said, tags=(MARK, what, change.place_id, subject, *about)
        )

    def _said(self, what: str, subject: str, change: Change, locale: Locale) -> str:
        place = self._registry.current().places.get(change.place_id)
        name = change.place_id if place is None else place.name.zh
        if place is not None and locale is Locale.EN:
            name = place.name.en or name
        catalogue = self._catalogue
        problem = catalogue.text_or(
            f"problem_class.{subject}",
            locale,
            catalogue.text_or(f"device_condition.{subject}", locale, subject),
        )
        return catalogue.text(
            f"dashboards.mark.{what}",
            locale,
            place=escape(name),
            problem=escape(problem),
            case=self._case_link(change),
        )

    def _case_link(self, change: Change) -> str:
        address = escape(f"{self._console_url}/cases/{change.subject_id}")
        return f'<a href="{address}">{escape(str(change.values.get("number", "")))}</a>'


class Annotator:
    """Follows the changes in a thread of its own; an outage of Grafana is told of once.

    The first start begins with what is new then: an old history makes no flood of marks.
    """

    def __init__(
        self,
        *,
        feed: ChangeFeed,
        annotations: Annotations,
        words: Words,
        cursor_path: Path,
        metrics: AnnotatorMetrics,
        stop: threading.Event,
    ) -> None:
        self._feed = feed
        self._annotations = annotations
        self._words = words
        self._cursor_path = cursor_path
        self._metrics = metrics
        self._stop = stop
        self._away = False
        self._thread = threading.Thread(target=self._run, name="grafana-annotator")

    def start(self) -> None:
        """Follow from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> bool:
        """Mark the next changes; return whether there were any. Raises :class:`GrafanaError`."""
        cursor = self._position()
        changes = self._feed.read(after=cursor, limit=AT_ONCE)
        for change in changes:
            annotation = self._words.annotation(change)
            if annotation is not None:
                self._mark(annotation)
                self._keep(change.position)
        if changes:
            self._keep(changes[-1].position)
        return bool(changes)

    def _mark(self, annotation: Annotation) -> None:
        there = self._annotations.annotations_at(annotation.at, tags=annotation.tags)
        if not any(each.text == annotation.text for each in there):
            self._annotations.annotate(annotation)
            self._metrics.written.inc()

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stop.wait(wait_s):
            wait_s = self._guarded(self.step)

    def _guarded(self, step: Callable[[], bool]) -> float:
        try:
            more = step()
        except GrafanaError as error:
            self._told_away(str(error))
            return RETRY_S
        except Exception:
            # The one broad handler of this loop: marks must never stop the alerts beside them.
            log.exception("grafana_annotator_failed")
            self._metrics.failures.inc()
            return RETRY_S
        if self._away:
            log.info("grafana_takes_marks_again")
            self._away = False
        return 0.0 if more else POLL_S

    def _told_away(self, reason: str) -> None:
        self._metrics.failures.inc()
        if not self._away and not self._stop.is_set():
            log.warning("grafana_takes_no_marks", reason=reason)
            self._away = True

    def _position(self) -> int:
        try:
            return int(self._cursor_path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            newest = self._feed.newest_position()
            self._keep(newest)
            return newest

    def _keep(self, position: int) -> None:
        draft = self._cursor_path.with_name(self._cursor_path.name + ".new")
        with draft.open("w", encoding="ascii") as file:
            file.write(str(position))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._cursor_path)
