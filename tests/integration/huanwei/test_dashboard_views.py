"""The views that Grafana reads are those that docs/dashboards-data.md promises."""

import re
from pathlib import Path

from sqlalchemy import text

from storage.postgres import reading_engine

PROMISED = Path(__file__).parents[3] / "docs" / "dashboards-data.md"


def promised_columns() -> dict[str, list[str]]:
    """Return the columns of each view: the paragraph that begins with a name in backticks."""
    found: dict[str, list[str]] = {}
    for section in PROMISED.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        columns = re.findall(r"`(\w+)`", body.strip().split("\n\n")[0])
        for view in re.findall(r"`(\w+)`", heading):
            found[view] = columns + (["age_s"] if view == "open_alerts" else [])
    return found


def test_every_view_and_column_is_promised_in_its_order_and_none_else(postgres_url: str) -> None:
    engine = reading_engine(postgres_url, schema="dashboards")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'dashboards' ORDER BY table_name, ordinal_position"
            )
        ).all()
    engine.dispose()
    there: dict[str, list[str]] = {}
    for view, column in rows:
        there.setdefault(view, []).append(column)
    assert there == promised_columns()
