"""Writing the changes, the feed that alerts and cases leave behind for others."""

from datetime import datetime

from sqlalchemy import Connection, insert

from alerts.schema import changes
from domain.changes import ChangeKind


def record_change(
    connection: Connection,
    kind: ChangeKind,
    *,
    at: datetime,
    place_id: str,
    subject_id: str,
    values: dict[str, str | float | None],
) -> None:
    """Append one fact. ``values`` holds only ids, states, numbers and RFC 3339 times."""
    connection.execute(
        insert(changes).values(
            {
                "kind": str(kind),
                "changed_at": at,
                "place_id": place_id,
                "subject_id": subject_id,
                "values": values,
            }
        )
    )
