"""Makes the folder of a run: settings, fresh secrets, and for a demo the simulated district."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from huanwei.business_clock import Anchor, write_anchor
from huanwei.settings import SECRETS_NAME

SETTINGS_NAME = "huanwei.toml"
ANCHOR_NAME = "clock.json"

_SETTINGS = """\
# Settings of a Huanwei run. Every key has a default but those shown without a "#".
# An environment variable wins over a line here: HUANWEI_CENTRE__PORT=8080 sets port of [centre].
# Passwords and the signing secret lie in {secrets_name} beside this file.

[run]
# Relative paths are taken from this file's folder.
data = "data"
logs = "logs"
registry = "registry.json"
references = "references"
{clock}
[broker]
start = true            # false where a broker runs already
host = "127.0.0.1"
mqtt_port = {mqtt_port}
administration_port = {administration_port}
monitoring_port = {monitoring_port}

[edge]
{edge_probes}gateway_id = "{gateway_id}"
{simulated}
{ingest_probes}[centre]
{centre_probes}port = {console_port}
public_url = "http://127.0.0.1:{console_port}"
{phones}# map_tile_url = "https://tiles.example/{{z}}/{{x}}/{{y}}.png"
{simulator}"""

_SIMULATED = """\
acceptance_log = "data/accepted.jsonl"
overflow_network = false   # its bins are drawn: nothing for a network taught on photographs
quick_looks = false        # its pictures are 640 across: half of that is little to show
"""

_PHONES = """\
webhook_networks = ["127.0.0.0/8"]
webhook_posts_per_minute = 0   # simulated phones take any number, also when the clock runs fast
"""

_SECRETS = """\
# Made on this machine, for this run only. Keep it readable by its owner alone.

[broker]
admin_password = "{0}"
ingest_password = "{1}"
gateway_password = "{2}"
devices_password = "{3}"

[centre]
signing_secret = "{4}"
"""


def write_settings(  # noqa: PLR0913  whatever a new run may be given
    folder: Path,
    *,
    gateway_id: str,
    console_port: int = 8000,
    simulator_port: int | None = None,
    first_broker_port: int = 1883,
    seed: int = 7,
    started_at: datetime | None = None,
    health_ports: Mapping[str, int] | None = None,
) -> Path:
    """Write settings and new secrets into ``folder``; return the settings file.

    ``health_ports`` (by setting, ``edge.health_port``) are written where given. An existing file
    is never overwritten (FileExistsError).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS_NAME
    probes = {
        section: _probe_lines(section, health_ports or {})
        for section in ("edge", "ingest", "centre", "simulator")
    }
    own_ports = first_broker_port != 1883  # noqa: PLR2004  MQTT's own port
    text = _SETTINGS.format(
        secrets_name=SECRETS_NAME,
        clock="" if simulator_port is None else f'clock_anchor = "{ANCHOR_NAME}"\n',
        mqtt_port=first_broker_port,
        administration_port=first_broker_port + 1 if own_ports else 4222,
        monitoring_port=first_broker_port + 2 if own_ports else 8222,
        gateway_id=gateway_id,
        # Drills compare it with the journal. It grows for ever: nothing for a district's gateway.
        simulated="" if simulator_port is None else _SIMULATED,
        console_port=console_port,
        edge_probes=probes["edge"],
        ingest_probes=probes["ingest"] and f"[ingest]\n{probes['ingest']}\n",
        centre_probes=probes["centre"],
        # The simulated phones.
        phones="" if simulator_port is None else _PHONES,
        simulator=""
        if simulator_port is None
        else f"\n[simulator]\nport = {simulator_port}\n{probes['simulator']}seed = {seed}\n"
        + (f"started_at = {started_at.isoformat()}\n" if started_at else ""),
    )
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    secrets_path = folder / SECRETS_NAME
    secrets_path.touch(mode=0o600, exist_ok=False)
    secrets_path.write_text(
        _SECRETS.format(*(secrets.token_urlsafe(24) for _ in range(5))), encoding="utf-8"
    )
    return path


def _probe_lines(section: str, health_ports: Mapping[str, int]) -> str:
    return "".join(
        f"{setting.removeprefix(f'{section}.')} = {port}\n"
        for setting, port in health_ports.items()
        if setting.startswith(f"{section}.")
    )


def write_paused_clock(folder: Path, *, now: datetime, standing_at: datetime) -> Path:
    """Write a business clock that stands still at ``standing_at`` until its speed is set."""
    path = folder / ANCHOR_NAME
    write_anchor(path, Anchor(wall_s=now.timestamp(), virtual_s=standing_at.timestamp(), speed=0.0))
    return path
