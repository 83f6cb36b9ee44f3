"""How many cases came, were due and were closed in a time: the sums of bulletins.

The same rules as the view ``case_measures`` of a district's dashboards, but only what is due by
now counts as due.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, func, or_, select

from alerts.schema import cases
from domain.assessment import CaseCounts, CountedCases
from domain.cases import CaseState

_NEVER_DUE = [str(CaseState.REJECTED), str(CaseState.VOIDED)]


def count_cases(
    connection: Connection, *, since: datetime, until: datetime, now: datetime
) -> list[CountedCases]:
    """Return the cases from ``since`` until before ``until``, by place and unit."""
    came = and_(cases.c.opened_at >= since, cases.c.opened_at < until)
    due = and_(
        cases.c.due_at >= since,
        cases.c.due_at < min(until, now),
        cases.c.paused_at.is_(None),
        cases.c.state.not_in(_NEVER_DUE),
    )
    closed = and_(due, cases.c.state == str(CaseState.CLOSED))
    found = connection.execute(
        select(
            cases.c.place_id,
            cases.c.unit_id,
            _number_of(came, "reported"),
            _number_of(and_(came, cases.c.filed_at.is_not(None)), "filed"),
            _number_of(due, "due"),
            _number_of(closed, "closed"),
            _number_of(and_(closed, cases.c.ended_at <= cases.c.due_at), "closed_on_time"),
            _number_of(and_(due, cases.c.rework_count > 0), "reworked"),
        )
        .where(or_(came, due))
        .group_by(cases.c.place_id, cases.c.unit_id)
        .order_by(cases.c.place_id, cases.c.unit_id)
    )
    return [
        CountedCases(
            place_id=row.place_id,
            unit_id=row.unit_id,
            counts=CaseCounts(
                reported=row.reported,
                filed=row.filed,
                due=row.due,
                closed=row.closed,
                closed_on_time=row.closed_on_time,
                reworked=row.reworked,
            ),
        )
        for row in found
    ]


def _number_of(condition: ColumnElement[bool], name: str) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0), type_=Integer).label(name)
