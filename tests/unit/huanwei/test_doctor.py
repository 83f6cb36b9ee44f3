import string
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from huanwei.database import DatabaseState, Revision
from huanwei.doctor.case_checks import judge_lag, judge_waiting
from huanwei.doctor.findings import Finding, Language, State, words
from huanwei.doctor.local_checks import (
    check_disk,
    check_process,
    check_secrets,
    judge_disk,
    judge_registry,
)
from huanwei.doctor.server_checks import (
    check_broker_store,
    check_grafana,
    judge_clock,
    judge_database,
    judge_store,
)
from huanwei.health import HealthServer
from huanwei.new_run import write_settings
from huanwei.settings import load_settings
from tests.servers import free_ports
from tests.whole_run import small_registry


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("word", words())
def test_both_languages_tell_the_same(word: str) -> None:
    english, chinese = words()[word]["en"], words()[word]["zh"]

    assert fields_of(english) == fields_of(chinese)
    assert any("\u4e00" <= each <= "\u9fff" for each in chinese) or word == "sqlite"
    assert not any("\u4e00" <= each <= "\u9fff" for each in english)


def test_secrets_that_others_can_read_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    assert check_secrets(path).word == "secrets_elsewhere"
    path.touch(mode=0o600)
    assert check_secrets(path).state is State.OK
    path.chmod(0o640)

    found = check_secrets(path)

    assert found.state is State.WRONG
    assert f"chmod 600 {path}" in found.text(Language.EN)
    assert f"chmod 600 {path}" in found.text(Language.ZH)


@pytest.mark.parametrize(
    ("free", "state"), [(50, State.OK), (10, State.OK), (9, State.WARNING), (2, State.WRONG)]
)
def test_little_room_is_told_before_it_is_none(free: int, state: State) -> None:
    assert judge_disk("/data", free_percent=free).state is state


def test_data_that_were_never_written_are_told(tmp_path: Path) -> None:
    assert check_disk(tmp_path / "none").word == "data_missing"
    assert check_disk(tmp_path).word in {"disk_enough", "disk_short"}


def test_a_registry_without_devices_hears_nothing() -> None:
    assert judge_registry(small_registry(0, webhook_url="http://x/")).word == "registry_empty"
    assert judge_registry(small_registry(3, webhook_url="http://x/")).values["devices"] == 3


@pytest.mark.parametrize(
    ("used", "bounded", "state"),
    [(10, True, State.OK), (10, False, State.WARNING), (80, True, State.WRONG)],
)
def test_a_store_that_fills_is_wrong_and_one_without_bound_a_warning(
    used: int,
    bounded: bool,  # noqa: FBT001  a parameter of the table above
    state: State,
) -> None:
    assert judge_store(used_percent=used, bounded=bounded).state is state


def test_each_state_of_the_database_has_its_advice() -> None:
    step = Revision(name="0002", what="registry")

    def word(at: str | None, missing: tuple[Revision, ...], *, unknown: bool) -> str:
        return judge_database(DatabaseState(at=at, missing=missing, unknown=unknown)).word

    assert word("0002", (), unknown=False) == "database_good"
    assert word("0001", (step,), unknown=False) == "database_behind"
    assert word("0099", (), unknown=True) == "database_newer"


@pytest.mark.parametrize(("off_s", "state"), [(0, State.OK), (5, State.OK), (6, State.WRONG)])
def test_clocks_that_differ_are_told(off_s: int, state: State) -> None:
    assert judge_clock("http://x", off_s=off_s).state is state


def test_alerts_that_lag_far_behind_are_wrong() -> None:
    assert judge_lag(100).state is State.OK
    assert judge_lag(50_000).state is State.WRONG


def test_a_process_is_ready_or_says_what_it_lacks_or_is_away() -> None:
    missing: dict[str, str] = {}
    server = HealthServer(port=0, readiness=lambda: missing, metrics=CollectorRegistry())
    server.start()
    try:
        ready = check_process("edge", server.port)
        missing["broker"] = "not reached"
        lacks = check_process("edge", server.port)
    finally:
        server.stop()
    away = check_process("edge", free_ports(1)[0])

    assert [each.state for each in (ready, lacks, away)] == [
        State.OK,
        State.WRONG,
        State.WARNING,
    ]
    assert "broker: not reached" in lacks.text(Language.ZH)


def test_servers_that_are_away_are_told_and_not_raised(tmp_path: Path) -> None:
    broker = load_settings(write_settings(tmp_path, gateway_id="gw-one")).broker
    nobody = free_ports(1)[0]
    away = broker.model_copy(update={"monitoring_port": nobody})

    assert check_broker_store(away).word == "store_unknown"
    assert check_grafana(f"http://127.0.0.1:{nobody}").state is State.WRONG


def test_a_finding_has_no_password_in_its_words() -> None:
    told = Finding(
        check="database", state=State.WRONG, word="database_away", values={"reason": "refused"}
    )

    assert told.text(Language.EN).endswith("refused")


@pytest.mark.parametrize(
    ("waited_min", "word"), [(0, "messages_good"), (14, "messages_good"), (15, "messages_old")]
)
def test_messages_that_wait_for_long_are_told(waited_min: int, word: str) -> None:
    now = datetime(2026, 5, 6, 12, tzinfo=UTC)

    found = judge_waiting(3, now - timedelta(minutes=waited_min), now=now)

    assert found.word == word
    assert str(waited_min) in found.text(Language.ZH)
    assert judge_waiting(0, None, now=now).state is State.OK
