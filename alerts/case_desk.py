"""The desk where people's orders arrive: the only way for the API to change a case."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, insert, select

from alerts.case_moves import Move
from alerts.case_records import CaseEvent, CaseFile
from alerts.cases import CaseWork, Finding, StaleCaseError
from alerts.limits import AlertRules
from alerts.notices import Notices
from alerts.orders import MoveCase, ReportCase
from alerts.proof_photos import ProofPhoto, ProofPhotos, note_doubts
from alerts.schema import orders
from alerts.store import CaseStore
from domain.cases import APPROVED_ACTIONS, Actor, Case, CaseAction, IllegalMoveError
from domain.photo_evidence import DoubtfulPhoto, ProofCircumstances, doubts_by_metadata
from domain.ports.clock import Clock
from domain.ports.registry import Registry

__all__ = [
    "CaseDesk",
    "CaseWorkshop",
    "IllegalMoveError",
    "MissingApprovalError",
    "MissingProofError",
    "StaleCaseError",
    "UnknownCaseError",
    "UnknownPlaceError",
]

PHOTOS_OF_A_PROOF = 2
"""Overview and close-up."""

_FOR_MACHINES = frozenset({Actor.RULE, Actor.AUTO_DISPATCH, Actor.MACHINE_VERIFICATION})


class UnknownCaseError(LookupError):
    """There is no such case."""


class UnknownPlaceError(LookupError):
    """The registry has no such place."""


class MissingProofError(ValueError):
    """Finishing needs two different photos: an overview and a close-up."""


class MissingApprovalError(ValueError):
    """This action needs the name of who approved it and the reason."""


class CaseWorkshop:
    """Opens transactions with everything that the case work in them needs."""

    def __init__(
        self,
        store: CaseStore,
        *,
        clock: Clock,
        registry: Registry,
        rules: AlertRules,
        notices: Notices,
    ) -> None:
        self._store = store
        self._clock = clock
        self._registry = registry
        self._rules = rules
        self._notices = notices

    @contextmanager
    def begin(self) -> Iterator[CaseWork]:
        """One transaction of case work at the present business time."""
        with self._store.transaction() as connection:
            work = CaseWork(
                connection,
                now=self._clock.now(),
                registry=self._registry.current(),
                rules=self._rules,
                notices=self._notices,
                store_id=self._store.store_id,
            )
            yield work
        if work.messages_posted:
            self._store.messages_waiting.ring()


class CaseDesk:
    """Takes orders of people. Safe from any thread; a repeated key changes nothing."""

    def __init__(self, workshop: CaseWorkshop) -> None:
        self._workshop = workshop
        self._proof_photos = ProofPhotos()

    def report(self, order: ReportCase) -> Case:
        """Open a case, or add the report to the one that is open there for that class.

        Raises UnknownPlaceError.
        """
        with self._workshop.begin() as work:
            known = _case_of_key(work, order.key)
            if known is not None:
                return known.case
            if order.place_id not in work.registry.places:
                raise UnknownPlaceError(order.place_id)
            file = work.find_open(order.place_id, order.problem_class)
            if file is None:
                finding = Finding(
                    place_id=order.place_id,
                    problem_class=order.problem_class,
                    source=order.source,
                    note=order.note,
                )
                file = work.open(finding, order.actor)
            else:
                work.note_event(file, CaseEvent.ATTACHED, order.actor, order.note)
            _remember_key(work.connection, order.key, file, work.now)
            return file.case

    def move(self, order: MoveCase) -> Case:
        """Move a case.

        Raises UnknownCaseError, StaleCaseError, MissingProofError, MissingApprovalError and
        ``domain.cases.IllegalMoveError``; then nothing has changed.
        """
        with self._workshop.begin() as work:
            known = _case_of_key(work, order.key)
            if known is not None:
                return known.case
            file = work.find(order.case_id)
            if file is None:
                raise UnknownCaseError(order.case_id)
            if order.expected_version not in (None, file.case.version):
                raise StaleCaseError(order.case_id)
            _check_order(order, file)
            doubts = self._look_at_photos(work, order, file)
            moved = work.move(
                file,
                Move(
                    action=order.action,
                    actor=order.actor,
                    note=order.note,
                    approved_by=order.approved_by,
                    photos=order.photos,
                    photo_doubts=len(doubts),
                ),
            )
            if doubts:
                note_doubts(work.connection, order.case_id, doubts, work.now)
                work.note_event(moved, CaseEvent.PHOTOS_DOUBTED, Actor.RULE)
            _remember_key(work.connection, order.key, moved, work.now)
            return moved.case

    def _look_at_photos(
        self, work: CaseWork, order: MoveCase, file: CaseFile
    ) -> list[DoubtfulPhoto]:
        """Return what makes the photos of a proof doubtful, and keep their fingerprints."""
        if order.action is not CaseAction.FINISH or not order.evidence:
            return []
        photos = [
            ProofPhoto(sha256=sha256, evidence=evidence)
            for sha256, evidence in zip(order.photos, order.evidence, strict=True)
        ]
        place = work.registry.places.get(file.case.place_id)
        given = ProofCircumstances(
            filed_at=file.case.filed_at or file.case.opened_at,
            sent_at=work.now,
            place=None if place is None else place.location,
        )
        doubts = self._proof_photos.likenesses(work.connection, order.case_id, photos)
        for photo in photos:
            doubts += doubts_by_metadata(
                photo.sha256, photo.evidence, given, work.rules.photo_limits
            )
        self._proof_photos.keep(work.connection, order.case_id, photos, work.now)
        return doubts


def _check_order(order: MoveCase, file: CaseFile) -> None:
    if order.actor in _FOR_MACHINES:
        raise IllegalMoveError(action=order.action, state=file.case.state, actor=order.actor)
    if order.action is CaseAction.FINISH and len(set(order.photos)) < PHOTOS_OF_A_PROOF:
        msg = f"{order.case_id}: finishing needs {PHOTOS_OF_A_PROOF} different photos"
        raise MissingProofError(msg)
    if order.action in APPROVED_ACTIONS and not (order.approved_by and order.note.strip()):
        msg = f"{order.case_id}: {order.action} needs an approver and a reason"
        raise MissingApprovalError(msg)


def _case_of_key(work: CaseWork, key: str) -> CaseFile | None:
    case_id = work.connection.execute(select(orders.c.case_id).where(orders.c.key == key)).scalar()
    return None if case_id is None else work.find(case_id)


def _remember_key(connection: Connection, key: str, file: CaseFile, now: datetime) -> None:
    connection.execute(insert(orders).values(key=key, case_id=file.case.case_id, at=now))
