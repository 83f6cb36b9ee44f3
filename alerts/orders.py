"""What people order: in the imperative, each with a key so that it can be sent twice."""

from dataclasses import dataclass

from domain.cases import Actor, CaseAction, CaseSource
from domain.checks import InvalidValueError, check_id, check_sha256
from domain.photo_evidence import PhotoEvidence
from domain.problems import ProblemClass

LONGEST_NOTE = 500
LONGEST_KEY = 80
MOST_PHOTOS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCase:
    """Report a problem that a person has heard of or seen.

    ``key`` is the idempotency key: the same key again changes nothing.
    """

    place_id: str
    problem_class: ProblemClass
    source: CaseSource
    note: str
    actor: Actor
    key: str

    def __post_init__(self) -> None:
        check_id("place_id", self.place_id)
        _check_words(self.key, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCase:
    """Move a case. ``photos`` are hashes of pictures that are in the picture store already;
    ``evidence``, where there is any, is what each of them told of itself.

    ``expected_version`` refuses the move when somebody else has moved the case meanwhile.
    """

    case_id: str
    action: CaseAction
    actor: Actor
    key: str
    note: str = ""
    approved_by: str | None = None
    photos: tuple[str, ...] = ()
    evidence: tuple[PhotoEvidence, ...] = ()
    expected_version: int | None = None

    def __post_init__(self) -> None:
        check_id("case_id", self.case_id)
        _check_words(self.key, self.note)
        if self.approved_by is not None:
            _check_line("approved_by", self.approved_by, LONGEST_KEY)
        if len(self.photos) > MOST_PHOTOS:
            msg = f"photos: at most {MOST_PHOTOS}"
            raise InvalidValueError(msg)
        for photo in self.photos:
            check_sha256("photos", photo)
        if self.evidence and len(self.evidence) != len(self.photos):
            msg = "evidence: one for each photo, or none"
            raise InvalidValueError(msg)


def _check_words(key: str, note: str) -> None:
    if not key:
        msg = "key: must not be empty"
        raise InvalidValueError(msg)
    _check_line("key", key, LONGEST_KEY)
    _check_line("note", note.replace("\n", " ").replace("\r", " "), LONGEST_NOTE)


def _check_line(field: str, value: str, longest: int) -> None:
    if len(value) > longest or not value.isprintable():
        msg = f"{field}: more than {longest} characters, or not printable"
        raise InvalidValueError(msg)
