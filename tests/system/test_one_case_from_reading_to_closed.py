"""The whole loop over real processes: a reading, a case, a crew's phone, a check, the end."""

import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from domain.cases import CaseState
from huanwei.business_clock import SystemClock
from storage.postgres_registry import PostgresRegistryWriter
from tests import loopback
from tests.postgres_server import RunningPostgres
from tests.recording_phone import RecordingPhone
from tests.whole_run import WholeRun, distance_of, small_registry, until
from wire.client import MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

pytestmark = pytest.mark.takes_s(35)


class Loop:
    """A run, the sensor of one place, and the phone of its crew."""

    def __init__(self, run: WholeRun, phone: RecordingPhone) -> None:
        self.run = run
        self.phone = phone
        self._seeds = count(1)
        broker = run.settings.broker
        self.sensor = MqttClient(
            host=broker.host,
            port=broker.mqtt_port,
            client_id="system-test-sensor",
            username="devices",
            password=broker.devices_password.get_secret_value(),
            subscriptions=[],
            on_message=lambda _message: None,
        )

    def report(self, *levels: float) -> None:
        """Send readings, each a little later than the one before."""
        for level in levels:
            before = self.run.clock.now()
            assert until(lambda: self.run.clock.now() > before, within_s=5)  # noqa: B023  same round
            message = DeviceMessage(
                device_id="bin-000",
                observed_at=self.run.clock.now(),
                distances_mm=(distance_of(level),) * 5,
            )
            assert self.sensor.publish(
                device_topic("bin-000"), encode_device_message(message), qos=1
            )
            until(lambda: False, within_s=0.1)

    def case(self) -> dict[str, Any]:
        """Return the newest case as the API tells it."""
        listed = loopback.get(
            f"{self.run.console_url}/api/v1/cases", params={"state": list(CaseState)}
        ).json()
        case_id = listed["cases"][0]["case_id"]
        detail: dict[str, Any] = loopback.get(
            f"{self.run.console_url}/api/v1/cases/{case_id}"
        ).json()
        return detail

    def message(self, level: str) -> dict[str, Any]:
        """Wait for the crew's message of that level."""
        assert until(lambda: level in self._levels(), within_s=40), self.phone.messages
        return next(m for m in self.phone.messages if m["level"] == level)

    def crew_does(self, link: str, step: str, **files: bytes) -> None:
        """Press the one button of the crew page, with its hidden key."""
        page = loopback.get(link)
        assert page.status_code == 200
        key = re.search(r'name="key" value="([^"]+)"', page.text)
        assert key is not None, page.text
        answer = httpx.post(
            f"{link}/{step}",
            data={"key": key[1]},
            files={name: (f"{name}.jpg", jpeg, "image/jpeg") for name, jpeg in files.items()}
            or None,
            headers={"Origin": self.run.console_url},
        )
        assert answer.status_code == 303, answer.text

    def crew_cleans(self, link: str) -> None:
        """Accept, arrive, and say done with two photos that nobody has sent before."""
        self.crew_does(link, "accept")
        self.crew_does(link, "arrive")
        overview, close_up = photo(next(self._seeds)), photo(next(self._seeds))
        self.crew_does(link, "finish", overview=overview, close_up=close_up)

    def answers(self, link: str) -> bool:
        """Tell whether the crew's page is there."""
        return loopback.get(link).status_code == 200

    def _levels(self) -> list[str]:
        return [message["level"] for message in self.phone.messages]


def photo(seed: int) -> bytes:
    """Return a JPEG of a plausible size with some structure."""
    picture = np.random.default_rng(seed).integers(60, 200, (90, 160, 3), dtype=np.uint8)
    _, jpeg = cv2.imencode(".jpg", cv2.resize(picture, (640, 360)))
    return jpeg.tobytes()


@contextmanager
def running_loop(folder: Path, *, url: str | None = None) -> Iterator[Loop]:
    """Run the whole loop: on one machine, or as a district's processes over the PostgreSQL."""
    phone = RecordingPhone()
    phone.start()
    registry = small_registry(1, webhook_url=phone.url)
    roles: Sequence[str] = ("edge", "ingest", "centre")
    postgres = ""
    if url is not None:
        roles, postgres = ("edge", "ingest", "alerts", "api"), f'\n[postgres]\nurl = "{url}"\n'
        writer = PostgresRegistryWriter(url, by="test", now=SystemClock().now)
        writer.put(registry)
        writer.close()
    run = WholeRun(folder, registry, speed=10, more_settings=postgres)
    whole = Loop(run, phone)
    try:
        run.start("broker")
        run.wait_ready("broker")
        run.start(*roles)
        whole.sensor.start()
        run.wait_ready(*roles, within_s=60)
        assert until(lambda: whole.sensor.connected, within_s=10)
        yield whole
    finally:
        whole.sensor.stop()
        run.stop()
        phone.stop()


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    with running_loop(tmp_path / "run") as whole:
        yield whole


def test_a_district_s_processes_bring_a_case_from_the_reading_to_closed_over_postgresql(
    tmp_path: Path, postgres: RunningPostgres, postgres_url: str
) -> None:
    with running_loop(tmp_path / "run", url=postgres_url) as loop:
        loop.report(0.30, 0.95, 0.96)
        task = loop.message("new")
        postgres.end_sessions(postgres_url)
        assert until(lambda: loop.answers(task["link"]), within_s=10)
        loop.crew_cleans(task["link"])
        assert loop.case()["case"]["state"] == "awaiting_verification"
        loop.report(0.05, 0.04)
        assert until(lambda: loop.case()["case"]["state"] == "closed", within_s=40), loop.case()
        actors = [entry["actor"] for entry in loop.case()["log"]]
        assert actors.count("crew") == 3
        assert actors[-1] == "machine_verification"
        # The sessions may have ended before the message stood as delivered: then it came again.
        unmarked = [m for m in loop.phone.messages if not m["repeat"]]
        assert [m["level"] for m in unmarked].count("new") == 1
        assert not list(loop.run.settings.run.data.glob("cases.db"))
        assert not list(loop.run.settings.run.data.glob("journal.db"))


def test_a_case_goes_from_the_reading_to_closed_and_the_readings_verify_it(loop: Loop) -> None:
    loop.report(0.30, 0.95, 0.96)
    task = loop.message("new")
    loop.crew_cleans(task["link"])
    assert loop.case()["case"]["state"] == "awaiting_verification"

    loop.report(0.05, 0.04)
    assert until(lambda: loop.case()["case"]["state"] == "closed", within_s=40), loop.case()

    detail = loop.case()
    actors = [entry["actor"] for entry in detail["log"]]
    assert detail["case"]["problem_class"] == "bin_overflow"
    assert actors[-1] == "machine_verification"
    assert actors.count("crew") == 3
    assert "crew" not in actors[-1:]
    assert [m["level"] for m in loop.phone.messages].count("new") == 1
    files = [p for p in loop.run.settings.run.data.glob("*.db") if p.is_file()]
    assert len(files) >= 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_bin_that_is_still_full_sends_the_case_back_as_rework(loop: Loop) -> None:
    loop.report(0.30, 0.95, 0.96)
    task = loop.message("new")
    loop.crew_cleans(task["link"])

    loop.report(0.97, 0.98)

    assert until(lambda: loop.case()["case"]["state"] == "rework", within_s=40), loop.case()
    again = loop.message("rework")
    loop.crew_cleans(again["link"])
    loop.report(0.05, 0.04)
    assert until(lambda: loop.case()["case"]["state"] == "closed", within_s=40), loop.case()
    assert loop.case()["case"]["rework_count"] == 1
