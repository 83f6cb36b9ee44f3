"""The cases, alerts and messages of a large district, as rows of our tables."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from alerts import schema
from domain.devices import Device
from domain.registry import RegistrySnapshot
from storage.postgres import WriteLock, writing_engine

CASES_A_DAY = 150
DEVICE_ALERTS_A_DAY = 60
_CLASSES = ("bin_overflow", "exposed_waste", "scattered_litter", "not_swept_after_collection")
_OPEN = ("dispatched", "in_progress", "awaiting_verification", "rework")
_MOVES = ("file", "dispatch", "accept", "arrive", "finish", "confirm_clean")

Rows = dict[str, list[dict[str, Any]]]


def write_cases(url: str, registry: RegistrySnapshot, *, until: datetime, days: int) -> None:
    """Write the cases of the ``days`` before ``until``."""
    rows = _rows(registry, until=until, days=days)
    engine = writing_engine(url, lock=WriteLock.CASES, schema="cases")
    with engine.begin() as connection:
        for table in (schema.alerts, schema.cases, schema.case_log, schema.outbox):
            connection.execute(insert(table), rows[table.name])
        # What autovacuum does within a minute of such an import.
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _rows(registry: RegistrySnapshot, *, until: datetime, days: int) -> Rows:
    rng = random.Random(13)
    rows: Rows = {"alerts": [], "cases": [], "case_log": [], "outbox": []}
    places = list(registry.places.values())
    total = days * CASES_A_DAY
    still_open = min(CASES_A_DAY, len(places) // 4)
    for number in range(total):
        opened_at = until - timedelta(days=days) * (1 - number / total)
        place = places[number * 37 % len(places)]
        left = total - number
        state = _OPEN[left % len(_OPEN)] if left <= still_open else "closed"
        closed = state == "closed"
        minutes = [rng.randrange(1, 4), rng.randrange(5, 40), rng.randrange(10, 90)]
        times = [opened_at + timedelta(minutes=sum(minutes[:n])) for n in range(4)]
        case: Mapping[str, Any] = {
            "case_id": f"case-{number:06d}",
            "number": f"{opened_at:%Y%m%d}-{number:06d}",
            "episode": f"episode-{number:06d}",
            "place_id": place.place_id,
            "problem_class": _CLASSES[number % len(_CLASSES)],
            "source": "rule",
            "state": state,
            "version": 3,
            "unit_id": place.unit_id,
            "crew_id": place.crew_id,
            "opened_at": opened_at,
            "filed_at": times[0],
            "due_at": opened_at + timedelta(hours=2),
            "accepted_at": times[1],
            "arrived_at": times[2],
            "finished_at": times[3] if closed else None,
            "ended_at": times[3] + timedelta(minutes=5) if closed else None,
            "escalation_level": 0,
            "rework_count": int(number % 15 == 0),
            "note": "",
            "reminders": 0,
        }
        rows["cases"].append(dict(case))
        rows["alerts"].append(_alert(number, case, until))
        rows["case_log"] += _log(case, times)
        rows["outbox"] += _messages(case)
    rows["alerts"] += _device_alerts(registry, until=until, days=days)
    return rows


def _alert(number: int, case: Mapping[str, Any], until: datetime) -> dict[str, Any]:
    return {
        "alert_id": f"alert-{number:06d}",
        "episode": case["episode"],
        "about_device": False,
        "place_id": case["place_id"],
        "device_id": None,
        "subject": case["problem_class"],
        "level": "critical",
        "fired_at": case["opened_at"],
        "resolved_at": case["ended_at"] or until,
        "case_id": case["case_id"],
        "picture_sha256": _sha256(f"alert {number}"),
    }


def _device_alerts(
    registry: RegistrySnapshot, *, until: datetime, days: int
) -> Sequence[dict[str, Any]]:
    devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
    count = days * DEVICE_ALERTS_A_DAY
    found = []
    for number in range(count):
        device = devices[number * 13 % len(devices)]
        fired_at = until - timedelta(days=days) * (1 - number / count)
        is_open = count - number <= len(devices) * 3 // 100
        found.append(
            {
                "alert_id": f"device-alert-{number:06d}",
                "episode": f"device-episode-{number:06d}",
                "about_device": True,
                "place_id": device.place_id,
                "device_id": device.device_id,
                "subject": ("silent", "battery_low")[number % 2],
                "level": "warning",
                "fired_at": fired_at,
                "resolved_at": None if is_open else fired_at + timedelta(hours=5),
                "case_id": None,
                "picture_sha256": None,
            }
        )
    return found


def _log(case: Mapping[str, Any], times: Sequence[datetime]) -> list[dict[str, Any]]:
    return [
        {
            "case_id": case["case_id"],
            "at": times[min(step, 3)],
            "actor": "crew",
            "action": action,
            "state_before": "filed",
            "state_after": case["state"],
            "note": "",
            "approved_by": None,
            "photos": [_sha256(f"{case['case_id']} {n}") for n in range(2)]
            if action == "finish"
            else [],
        }
        for step, action in enumerate(_MOVES)
    ]


def _messages(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "message_id": f"{case['case_id']}-{occasion}",
            "case_id": case["case_id"],
            "episode": case["episode"],
            "occasion": occasion,
            "channel": "webhook",
            "recipient": case["crew_id"],
            "level": "critical",
            "title": "",
            "body": "",
            "link": None,
            "created_at": case["opened_at"],
            "lane": 0,
            "state": "delivered",
            "repeat": False,
            "attempts": 1,
            "last_error": None,
            "settled_at": case["opened_at"] + timedelta(seconds=1),
        }
        for occasion in ("dispatched", "reminder")
    ]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
