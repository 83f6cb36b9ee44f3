import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.errors import RefusalReason
from gateway.refusals import Refusal, RefusalLog
from gateway.spool_file import SpoolFile
from huanwei import command_line
from huanwei.commands.options import IN_THE_WAY, WRONG_CALL
from huanwei.new_run import write_settings
from huanwei.settings import SECRETS_NAME
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, fill_record

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def refusal(reason: RefusalReason, topic: str) -> Refusal:
    return Refusal(
        refused_at=AT,
        source="devices",
        reason=reason,
        detail="why",
        topic=topic,
        payload_bytes=2,
        payload_head=b"\xff{",
    )


def listed(*arguments: str) -> str:
    done = CliRunner().invoke(command_line.app, ["refused-messages", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_refused_messages_are_listed_newest_first_and_by_reason(tmp_path: Path) -> None:
    settings = str(write_settings(tmp_path, gateway_id="gw-one"))
    assert listed("--settings", settings) == "No refused messages.\n"
    file = SpoolFile(tmp_path / "data" / "spool.db")
    RefusalLog(file).keep(
        [refusal(RefusalReason.MALFORMED, "first"), refusal(RefusalReason.EMPTY, "second")]
    )

    both = json.loads(listed("--settings", settings, "--json"))
    (one,) = json.loads(listed("--settings", settings, "--json", "--reason", "malformed"))
    line = listed("--settings", settings, "--limit", "1")
    file.close()

    assert [row["topic"] for row in both] == ["second", "first"]
    assert one == {
        "refused_at": AT.isoformat(),
        "source": "devices",
        "reason": "malformed",
        "detail": "why",
        "topic": "first",
        "payload_bytes": 2,
        "payload": "\\xff{",
    }
    assert line.split("  ")[1:4] == ["devices", "empty", "why"]


@pytest.mark.parametrize("command", ["dead-letters", "refused-messages"])
def test_a_reason_that_does_not_exist_is_refused_with_those_that_do(command: str) -> None:
    done = CliRunner().invoke(command_line.app, [command, "--reason", "bogus"])

    assert done.exit_code == WRONG_CALL
    assert "unknown_device" in done.output


@pytest.mark.parametrize("there", ["huanwei.toml", SECRETS_NAME, "registry.json"])
def test_init_writes_nothing_where_one_of_its_files_is(
    there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / there).write_text("kept", "utf-8")
    monkeypatch.setattr("sys.argv", ["huanwei", "init", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    assert ended.value.code == IN_THE_WAY
    assert f"{tmp_path / there} is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text("utf-8") == "kept"


def test_init_refuses_a_gateway_id_that_is_none_before_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "district"
    monkeypatch.setattr("sys.argv", ["huanwei", "init", str(folder), "--gateway-id", "BAD ID"])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    assert ended.value.code == WRONG_CALL
    assert "--gateway-id" in capsys.readouterr().err
    assert not folder.exists()


def test_up_refuses_a_registry_that_cannot_be_taken_and_names_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["huanwei", "init", str(tmp_path / "district")])
    with pytest.raises(SystemExit):
        command_line.main()
    registry = tmp_path / "district" / "registry.json"
    registry.write_text(registry.read_text("utf-8").replace("depth_mm", "dept_mm"), "utf-8")
    settings = str(tmp_path / "district" / "huanwei.toml")
    monkeypatch.setattr("sys.argv", ["huanwei", "up", "--settings", settings])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    assert ended.value.code == WRONG_CALL
    assert f"{registry}: containers[0].dept_mm" in capsys.readouterr().err


def test_dead_letters_are_counted_by_reason_repeats_included(tmp_path: Path) -> None:
    settings = str(write_settings(tmp_path, gateway_id="gw-one"))

    def counted(*arguments: str) -> str:
        command = ["dead-letters", "--count", "--settings", settings, *arguments]
        done = CliRunner().invoke(command_line.app, command)
        assert done.exit_code == 0, done.output
        return done.output

    assert counted() == "No dead letters.\n"
    assert json.loads(counted("--json")) == {}
    with IngestRig(tmp_path / "data") as rig:
        rig.receive(batch({1: b"{", 2: fill_record(device_id="sensor-999")}))
        rig.receive(batch({3: b"{"}))
    assert json.loads(counted("--json")) == {"unknown_device": 1, "unreadable_record": 2}
    assert counted("--reason", "unreadable_record") == "unreadable_record: 2\n"
    assert counted("--reason", "conflict") == "conflict: 0\n"
