"""What people may send: strict, bounded, nothing unknown."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.cases import CaseAction, CaseSource, CaseState
from domain.problems import ProblemClass

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{2,31}\z")]
Note = Annotated[str, StringConstraints(max_length=500)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}\z")]

REPORT_SOURCES = frozenset(
    {
        CaseSource.TELEPHONE,
        CaseSource.INSPECTION,
        CaseSource.SECRET_INSPECTION,
        CaseSource.CITIZEN,
    }
)
"""How a person can come to know of a problem; sensors and cameras do not use this door."""


class Order(BaseModel):
    """The rules of every body: no conversions, no unknown fields, no NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class CaseReport(Order):
    """A problem that somebody told us about by telephone, or that an inspection has found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "place_id": "place-012",
                    "problem_class": "exposed_waste",
                    "source": "telephone",
                    "note": "居民来电反映巷口有一堆装修垃圾",
                }
            ]
        }
    )

    place_id: Id
    # Strictness is about values, not about how JSON spells an enum: a string.
    problem_class: Annotated[ProblemClass, Field(strict=False)]
    source: Annotated[CaseSource, Field(strict=False)]
    note: Note = ""


class CaseMove(Order):
    """One step of a case. Returning, deferring, suspending and voiding need ``approved_by``."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "defer",
                    "note": "道路施工明早才能进车",
                    "approved_by": "王主任",
                    "expected_version": 4,
                }
            ]
        }
    )

    action: Annotated[CaseAction, Field(strict=False)]
    note: Note = ""
    approved_by: Line | None = None
    expected_version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class CaseQuery(BaseModel):
    """Which cases to list."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[
        tuple[CaseState, ...],
        Field(max_length=12, description="Case states; none means every open one."),
    ] = ()
    limit: Annotated[int, Field(ge=1, le=500)] = 100
