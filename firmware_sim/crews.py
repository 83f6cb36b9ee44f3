"""The simulated crews: they read their phones, go where they are sent and work there.

They know only what a crew knows: the message, its link and the page behind it. What they do at a
place changes the simulated world; whether that was enough is for cameras and sensors to say.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from domain.ports.clock import Clock
from firmware_sim.crew_pace import CrewPace, pace_of
from firmware_sim.metrics import PagesMetrics
from firmware_sim.phone_inbox import Delivery, MessageLevel, PhoneInbox
from firmware_sim.sample_photos import ProofPhotos, SamplePhotos
from firmware_sim.task_client import TaskClient, TaskGoneError, TryAgainError
from firmware_sim.task_page import Step
from firmware_sim.world import World

_log = structlog.get_logger()

_LOOK_S = 0.2
_HURRY = timedelta(minutes=2)
_FIRST_RETRY_S, _LONGEST_RETRY_S, _MOST_RETRIES = 0.5, 10.0, 60
_NOTE = "已清运、清扫。"


@dataclass(slots=True, kw_only=True)
class _Task:
    """A task in a crew's hands. ``next_step`` is due at ``due_at`` (None: waits for its turn)."""

    link: str
    level: MessageLevel
    pace: CrewPace
    next_step: Step = Step.ACCEPT
    due_at: datetime | None
    place_id: str | None = None
    photos: ProofPhotos | None = None
    retries: int = 0
    retry_at_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class _CrewAtWork:
    crew_id: str
    read_through: int = 0
    tasks: list[_Task] = field(default_factory=list)


class SimulatedCrews:
    """Works for every crew named, in one thread; accepts several tasks, does one at a time."""

    def __init__(
        self,
        crew_ids: Iterable[str],
        *,
        world: World,
        inbox: PhoneInbox,
        photos: SamplePhotos,
        pages: TaskClient,
        clock: Clock,
        metrics: PagesMetrics,
    ) -> None:
        self._crews = [_CrewAtWork(crew_id=crew_id) for crew_id in sorted(crew_ids)]
        self._world = world
        self._names = {p.place_id: p.name for p in world.district.registry.places.values()}
        self._inbox = inbox
        self._photos = photos
        self._pages = pages
        self._clock = clock
        self._metrics = metrics
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._run, name="simulated-crews")
        self._thread.start()

    def stop(self) -> None:
        """Stop working; the tasks in hand stay as they are."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pages.close()

    def work(self) -> None:
        """Let every crew do what is due by now."""
        for crew in self._crews:
            self._read_phone(crew)
            now = self._clock.now()
            self._begin_next(crew, now)
            for task in tuple(crew.tasks):
                if task.due_at is not None and task.due_at <= now:
                    self._try_step(crew, task, now)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            try:
                self.work()
            except Exception:  # noqa: BLE001 - one failure must not end the crews' day
                self._metrics.crew_dropped.labels("own_failure").inc()
                _log.exception("simulated crews failed")

    def _read_phone(self, crew: _CrewAtWork) -> None:
        for delivery in self._inbox.deliveries(crew.crew_id, after=crew.read_through):
            crew.read_through = delivery.position
            self._take_message(crew, delivery)
            self._inbox.mark_read(crew.crew_id, through=delivery.position)

    def _take_message(self, crew: _CrewAtWork, delivery: Delivery) -> None:
        message = delivery.message
        if message.link is None or any(task.link == message.link for task in crew.tasks):
            return
        pace = pace_of(self._world.district.seed, crew.crew_id, message.message_id)
        wait = pace.accept
        if message.level in {MessageLevel.REMINDER, MessageLevel.ESCALATION}:
            wait = min(wait, _HURRY)
        crew.tasks.append(
            _Task(
                link=message.link,
                level=message.level,
                pace=pace,
                due_at=delivery.received_at + wait,
            )
        )

    @staticmethod
    def _begin_next(crew: _CrewAtWork, now: datetime) -> None:
        """Set out for the task that has waited longest, when nobody is on the way or at work."""
        accepted = [task for task in crew.tasks if task.next_step is not Step.ACCEPT]
        if accepted and all(task.due_at is None for task in accepted):
            accepted[0].due_at = now + accepted[0].pace.travel

    def _try_step(self, crew: _CrewAtWork, task: _Task, now: datetime) -> None:
        if self._clock.monotonic_s() < task.retry_at_s:
            return
        step = task.next_step
        try:
            self._take_step(crew, task, now)
        except TryAgainError as error:
            self._try_later(crew, task, error.reason)
        except TaskGoneError as error:
            self._drop(crew, task, error.reason)
        else:
            task.retries, task.retry_at_s = 0, 0.0
            self._metrics.crew_steps.labels(step.value).inc()

    def _take_step(self, crew: _CrewAtWork, task: _Task, now: datetime) -> None:
        if task.next_step is Step.ACCEPT:
            self._accept(crew, task)
            task.next_step, task.due_at = Step.ARRIVE, None
        elif task.next_step is Step.ARRIVE:
            self._pages.take_step(task.link, Step.ARRIVE)
            task.next_step, task.due_at = Step.FINISH, now + task.pace.work
        else:
            self._finish(crew, task, now)
            crew.tasks.remove(task)

    def _accept(self, crew: _CrewAtWork, task: _Task) -> None:
        page = self._pages.open(task.link)
        task.place_id = page.place_named(self._names)
        if task.place_id is None:
            reason = "unknown_place"
            raise TaskGoneError(reason)
        known = any(t is not task and t.place_id == task.place_id for t in crew.tasks)
        if known and page.form is not None and page.form.step is not Step.ACCEPT:
            # A reminder of a task that this crew has in hand already.
            reason = "in_hand"
            raise TaskGoneError(reason)
        self._pages.take_step(task.link, Step.ACCEPT)

    def _finish(self, crew: _CrewAtWork, task: _Task, now: datetime) -> None:
        if task.place_id is None:
            reason = "unknown_place"
            raise TaskGoneError(reason)
        if task.photos is None:
            visit = self._world.visit(task.place_id, now, actor=crew.crew_id)
            # The world counts the visit from a moment later; the photo shows what it has left.
            seen_at = now + timedelta(seconds=1)
            task.photos = self._photos.proof(task.place_id, seen_at)
            _log.info(
                "crew worked",
                crew_id=crew.crew_id,
                place_id=task.place_id,
                left_waste=visit.left_waste,
            )
        photos = {"overview": task.photos.overview, "close_up": task.photos.close_up}
        self._pages.take_step(task.link, Step.FINISH, note=_NOTE, photos=photos)

    def _try_later(self, crew: _CrewAtWork, task: _Task, reason: str) -> None:
        task.retries += 1
        if task.retries > _MOST_RETRIES:
            self._drop(crew, task, reason)
            return
        self._metrics.crew_retries.labels(reason).inc()
        if task.retries == 1:
            _log.warning("crew tries again", crew_id=crew.crew_id, reason=reason)
        pause_s = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2 ** (task.retries - 1))
        task.retry_at_s = self._clock.monotonic_s() + pause_s

    def _drop(self, crew: _CrewAtWork, task: _Task, reason: str) -> None:
        crew.tasks.remove(task)
        self._metrics.crew_dropped.labels(reason).inc()
        _log.info("crew drops a task", crew_id=crew.crew_id, step=task.next_step, reason=reason)
