"""``huanwei vision figures``: what a camera has learned never to move, shown and forgotten."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.devices import Lighting
from huanwei import command_line
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import write_settings
from vision.figure_file import figures_path, read_figures, write_figures
from vision.standing_figures import LOOK_COLUMNS, LOOK_ROWS, PERMANENT_AFTER, StandingFigure

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def figure(number: int, seen: int) -> StandingFigure:
    return StandingFigure(
        number=number,
        lighting=Lighting.DAY,
        frame=(0.1, 0.25, 0.0625, 0.4),
        near=(0.1, 0.5, 0.05, 0.1),
        look=(90,) * (LOOK_ROWS * LOOK_COLUMNS * 3),
        first_seen=AT,
        last_seen=AT + timedelta(hours=5),
        last_asked=AT + timedelta(hours=5),
        seen=seen,
        asked=seen,
    )


def said(folder: Path, *arguments: str) -> str:
    call = ["vision", "figures", "--settings", str(folder / "huanwei.toml"), *arguments]
    done = CliRunner().invoke(command_line.app, call, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_settings(tmp_path, gateway_id="gw-one")
    return tmp_path


def test_what_is_learned_is_shown_and_forgotten_by_number_or_whole(run: Path) -> None:
    path = figures_path(run / "data" / "figures", "cam-01")
    write_figures(path, (figure(1, 2), figure(2, PERMANENT_AFTER)))

    assert json.loads(said(run, "cam-01", "--json"))[0] == {
        "number": 2,
        "permanent": True,
        "frame_percent": [10.0, 25.0, 6.2, 40.0],
        "lighting": "day",
        "seen": f"{PERMANENT_AFTER} of {PERMANENT_AFTER}",
        "first_seen": "2026-03-02T01:30+00:00",
        "last_seen": "2026-03-02T06:30+00:00",
    }
    assert "number=1  permanent=False" in said(run, "cam-01")

    assert said(run, "cam-01", "--forget", "7") == "0 forgotten.\n"
    assert said(run, "cam-01", "--forget", "2") == "1 forgotten.\n"
    assert [left.number for left in read_figures(path)] == [1]
    assert json.loads(said(run, "cam-01", "--forget-all", "--json")) == {"forgotten": 1}
    assert said(run, "cam-01") == "cam-01 knows no standing figure.\n"


@pytest.mark.parametrize("more", [[], ["--forget-all"]])
def test_an_id_that_is_none_reaches_no_other_file(run: Path, more: list[str]) -> None:
    other = run / "data" / "elsewhere.json"
    write_figures(other, (figure(1, 2),))
    with pytest.raises(StandsInTheWayError, match="not a camera's id"):
        said(run, "../elsewhere", *more)
    assert len(read_figures(other)) == 1
