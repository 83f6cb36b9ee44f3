"""Checks of the servers that a run needs: broker, PostgreSQL, InfluxDB, Grafana."""

import secrets
import threading
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from huanwei.broker.address import broker_address
from huanwei.database import DatabaseState, database_state
from huanwei.doctor.findings import Finding, State
from huanwei.influx import address, bucket_names
from huanwei.settings import BrokerSection, InfluxSection
from ingest.influx.server import InfluxError
from ingest.influx.set_up import TokenRole, works
from storage.postgres import DatabaseUnavailableError
from wire.client import MqttClient
from wire.tls import UnusableTlsFilesError

BROKER_WITHIN_S = 4
STORE_WARNING_PERCENT = 80
CLOCK_WARNING_S = 5
_TIMEOUT_S = 3.0


def check_broker(broker: BrokerSection, *, gateway_id: str) -> Finding:
    """Log in as one whose password is held here (ingest, the gateway, devices), and leave again."""
    known = {
        "ingest": broker.ingest_password,
        gateway_id: broker.gateway_password,
        "devices": broker.devices_password,
    }
    user = next((name for name, each in known.items() if each.get_secret_value()), None)
    if user is None:
        return Finding(check="broker", state=State.WARNING, word="broker_unasked")
    at = broker_address(broker, username=user, password=known[user])
    values: dict[str, str | int] = {
        "address": f"{at.host}:{at.port}",
        "user": user,
        "seconds": BROKER_WITHIN_S,
    }
    reached = threading.Event()
    try:
        client = MqttClient(
            host=at.host,
            port=at.port,
            client_id=f"doctor-{secrets.token_hex(6)}",
            subscriptions=(),
            on_message=lambda _message: None,
            on_connected=reached.set,
            username=at.username,
            password=at.password,
            tls=at.tls,
        )
    except UnusableTlsFilesError as error:
        values["user"] = f"{user} ({error})"
        return Finding(check="broker", state=State.WRONG, word="broker_away", values=values)
    client.start()
    try:
        found = reached.wait(BROKER_WITHIN_S)
    finally:
        client.stop()
    word = "broker_good" if found else "broker_away"
    return Finding(
        check="broker", state=State.OK if found else State.WRONG, word=word, values=values
    )


def check_broker_store(broker: BrokerSection) -> Finding:
    """Look at what NATS has stored: at a full store nobody can connect any more."""
    url = f"http://{broker.host}:{broker.monitoring_port}"
    try:
        answer = httpx.get(f"{url}/jsz", params={"streams": "1", "config": "1"}, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        found = answer.json()
        size, room = found["bytes"], found["config"]["max_storage"]
        bounds = [
            stream["config"]["max_bytes"]
            for account in found.get("account_details", [])
            for stream in account.get("stream_detail", [])
            if stream["name"] == "$MQTT_msgs"
        ]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return Finding(
            check="store", state=State.WARNING, word="store_unknown", values={"address": url}
        )
    return judge_store(used_percent=size * 100 // max(room, 1), bounded=all(b > 0 for b in bounds))


def judge_store(*, used_percent: int, bounded: bool) -> Finding:
    """Return what the fill of the broker's store means."""
    values: dict[str, str | int] = {"used": used_percent}
    if used_percent >= STORE_WARNING_PERCENT:
        return Finding(check="store", state=State.WRONG, word="store_full", values=values)
    if not bounded:
        return Finding(check="store", state=State.WARNING, word="store_unbounded")
    return Finding(check="store", state=State.OK, word="store_good", values=values)


def check_database(url: str) -> Finding:
    """Ask PostgreSQL for its revision."""
    try:
        return judge_database(database_state(url))
    except DatabaseUnavailableError as error:
        values: dict[str, str | int] = {"reason": str(error)}
        return Finding(check="database", state=State.WRONG, word="database_away", values=values)


def judge_database(state: DatabaseState) -> Finding:
    """Return what a revision means for this release."""
    revision: dict[str, str | int] = {"revision": state.at or "-"}
    if state.unknown:
        return Finding(check="database", state=State.WRONG, word="database_newer", values=revision)
    if state.missing:
        steps: dict[str, str | int] = {"steps": len(state.missing)}
        return Finding(check="database", state=State.WRONG, word="database_behind", values=steps)
    return Finding(check="database", state=State.OK, word="database_good", values=revision)


def check_influx(section: InfluxSection, *, now: datetime) -> list[Finding]:
    """Ask InfluxDB whether it is there, what our tokens may, and what time it is there."""
    values: dict[str, str | int] = {"url": section.url}
    try:
        answer = httpx.get(f"{section.url}/health", timeout=_TIMEOUT_S)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        values["reason"] = str(error)
        return [Finding(check="influx", state=State.WRONG, word="influx_away", values=values)]
    return [*_tokens(section), *_clock(section.url, answer.headers.get("date"), now)]


def _tokens(section: InfluxSection) -> list[Finding]:
    values: dict[str, str | int] = {"url": section.url}
    names = bucket_names(section)
    tokens = {TokenRole.WRITER: section.token, TokenRole.READER: section.read_token}
    try:
        refused = [
            role
            for role, token in tokens.items()
            if not works(address(section, token), role, names)
        ]
    except InfluxError as error:
        values["reason"] = str(error)
        return [Finding(check="influx", state=State.WRONG, word="influx_away", values=values)]
    if not refused:
        return [Finding(check="influx", state=State.OK, word="influx_good", values=values)]
    return [
        Finding(
            check="influx",
            state=State.WRONG,
            word="influx_refuses",
            values={**values, "role": role.value},
        )
        for role in refused
    ]


def _clock(url: str, date: str | None, now: datetime) -> list[Finding]:
    if date is None:
        return []
    return [judge_clock(url, off_s=round(abs((now - parsedate_to_datetime(date)).total_seconds())))]


def judge_clock(url: str, *, off_s: int) -> Finding:
    """Return what a difference of clocks means."""
    off = off_s > CLOCK_WARNING_S
    return Finding(
        check="clock",
        state=State.WRONG if off else State.OK,
        word="clock_off" if off else "clock_good",
        values={"url": url, "seconds": off_s},
    )


def check_grafana(url: str) -> Finding:
    """Ask Grafana whether it is there; ``huanwei grafana doctor`` looks closer."""
    values: dict[str, str | int] = {"url": url}
    try:
        httpx.get(f"{url.rstrip('/')}/api/health", timeout=_TIMEOUT_S).raise_for_status()
    except httpx.HTTPError as error:
        values["reason"] = str(error)
        return Finding(check="grafana", state=State.WRONG, word="grafana_away", values=values)
    return Finding(check="grafana", state=State.OK, word="grafana_good", values=values)
