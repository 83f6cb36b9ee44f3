"""Drill: the centre is killed at random while alerts fire and clear.

Afterwards there is one case per episode, every message has been sent, and none twice unmarked. A
message whose sending a kill has cut short is not sent again where the case has ended meanwhile: at
most one a kill.
"""

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from alerts.case_database import SqliteCases
from domain.cases import CaseState
from huanwei.run_files import CASES
from tests.device_load import devices_of
from tests.drills.conftest import TellFigures
from tests.recording_phone import RecordingPhone
from tests.whole_run import WholeRun, distance_of, small_registry, until
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

pytestmark = [pytest.mark.drill("F21"), pytest.mark.takes_s(20)]

PLACES = 12
SEED = 20260303
SETTLED = {"delivered", "obsolete"}
EPISODE = (0.30, 0.95, 0.96, 0.10, 0.10, 0.10, 0.10)
"""Full twice: an alert and a case. Low twice: the alert clears; low twice more: the case closes."""


@pytest.fixture
def phone() -> Iterator[RecordingPhone]:
    recording = RecordingPhone()
    recording.start()
    yield recording
    recording.stop()


@pytest.fixture
def run(tmp_path: Path, phone: RecordingPhone) -> Iterator[WholeRun]:
    whole = WholeRun(tmp_path / "run", small_registry(PLACES, webhook_url=phone.url))
    yield whole
    whole.stop()


def publish_episodes(run: WholeRun, episodes: int) -> None:
    """Let every place go through its episodes, all places beside each other."""
    client = devices_of(run)
    client.start()
    try:
        assert until(lambda: client.connected, within_s=10)
        for level in EPISODE * episodes:
            observed_at = run.clock.now()
            for place in range(PLACES):
                message = DeviceMessage(
                    device_id=f"bin-{place:03}",
                    observed_at=observed_at,
                    distances_mm=(distance_of(level),),
                )
                taken = client.publish(
                    device_topic(message.device_id), encode_device_message(message), qos=1
                )
                assert taken
            threading.Event().wait(0.35)
    finally:
        client.stop()


def outbox_of(path: Path) -> dict[str, set[str]]:
    """Return the keys of the messages to the crew in each of their states."""
    found: dict[str, set[str]] = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        for key, state in connection.execute(
            "SELECT episode || '/' || occasion, state FROM outbox WHERE channel = 'webhook'"
        ):
            found.setdefault(state, set()).add(key)
    return found


def test_one_case_per_episode_and_no_message_missing_or_twice_unmarked(
    run: WholeRun, phone: RecordingPhone, pytestconfig: pytest.Config, figures: TellFigures
) -> None:
    full = pytestconfig.getoption("--full-drills")
    episodes, kills = (20, 50) if full else (3, 5)
    rng = random.Random(SEED)
    run.start("broker")
    run.wait_ready("broker")
    run.start("edge", "ingest", "centre")
    run.wait_ready("edge", "ingest", "centre", within_s=40)
    publishing = threading.Thread(target=publish_episodes, args=(run, episodes), name="episodes")
    publishing.start()
    for _ in range(kills):
        threading.Event().wait(rng.uniform(0.1, 2.5))
        run.kill("centre")
        run.start("centre")
        if rng.random() < 0.5:
            run.wait_ready("centre", within_s=40)
    publishing.join()
    run.wait_ready("centre", within_s=40)

    book = SqliteCases(run.settings.run.data / CASES).open_book()

    def ended() -> int:
        return len([c for c in book.ended_cases(10_000) if c.state is CaseState.CLOSED])

    def told() -> set[str]:
        return {m["key"] for m in phone.messages if m["level"] == "new"}

    assert until(lambda: ended() >= PLACES * episodes, within_s=60, every_s=0.5), ended()
    cases_path = run.settings.run.data / CASES
    assert until(lambda: set(outbox_of(cases_path)) <= SETTLED, within_s=60, every_s=0.5)
    messages = outbox_of(cases_path)
    obsolete = messages.get("obsolete", set())

    per_place = Counter(case.place_id for case in book.ended_cases(10_000))
    unmarked = Counter((m["key"], m["level"]) for m in phone.messages if not m["repeat"])
    book.close()
    twice = [key for key, times in unmarked.items() if times > 1]
    figures(
        kills=kills,
        episodes=PLACES * episodes,
        cases=per_place.total(),
        told=len(told()),
        ended_before_told=len(obsolete - told()),
        marked_repeats=sum(bool(m["repeat"]) for m in phone.messages),
        twice_unmarked=len(twice),
    )

    assert per_place == {f"place-{n:03}": episodes for n in range(PLACES)}
    assert len(told() | {key for key in obsolete if key.endswith("/new")}) == PLACES * episodes
    assert len(obsolete) <= kills
    assert messages["delivered"] <= {m["key"] for m in phone.messages}
    assert twice == []
