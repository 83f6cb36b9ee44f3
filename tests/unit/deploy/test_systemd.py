import shutil
import subprocess
from pathlib import Path

import pytest

from huanwei.role import ROLES
from huanwei.run_plan import environment_of
from tests.servers import skip_without

FOLDER = Path(__file__).parents[3] / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
every = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)


def settings_of(path: Path) -> dict[str, list[str]]:
    """Return every key of a unit with its values: keys may stand several times."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_units_are_there() -> None:
    assert [path.name for path in UNITS] == ["huanwei-broker.service", "huanwei@.service"]


@every
def test_a_unit_comes_back_and_may_do_little(path: Path) -> None:
    unit = settings_of(path)

    assert unit["Restart"] == ["always"]
    assert unit["User"] == ["huanwei"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["ProtectSystem"] == ["strict"]
    for key in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome"):
        assert unit[key] == ["yes"]


def test_the_secrets_come_by_systemd_and_not_by_the_environment() -> None:
    unit = settings_of(next(path for path in UNITS if "@" in path.name))

    assert unit["LoadCredential"] == ["secrets.toml:/etc/huanwei/secrets.toml"]
    assert "HUANWEI_SECRETS_FILE=%d/secrets.toml" in unit["Environment"]
    assert not [value for value in unit["Environment"] if "PASSWORD" in value]


def test_the_template_starts_roles_that_there_are() -> None:
    start = settings_of(next(path for path in UNITS if "@" in path.name))["ExecStart"]

    assert start[0].endswith("huanwei up --only %i --settings /etc/huanwei/huanwei.toml")
    assert {"edge", "ingest", "centre", "alerts", "api"} <= set(ROLES)


@pytest.mark.parametrize("role", ["edge", "ingest", "centre", "alerts", "api"])
def test_each_process_keeps_memory_as_under_our_own_supervisor(role: str) -> None:
    told = settings_of(FOLDER / "huanwei@.service")["Environment"]

    given = dict(value.split("=", 1) for value in told if value.startswith("MALLOC_"))
    assert given == environment_of(role)


@every
def test_systemd_itself_takes_the_unit(path: Path, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    skip_without("systemd-analyze", program)
    # The program does not lie where the unit names it on a machine that only tests.
    text = path.read_text("utf-8").replace("/opt/huanwei/.venv/bin/", "/bin/")
    text = text.replace("/bin/huanwei ", "/bin/true ").replace("/bin/nats-server", "/bin/true")
    copy = tmp_path / path.name.replace("@", "@ingest")
    copy.write_text(text, "utf-8")

    told = subprocess.run(
        [str(program), "verify", "--man=no", str(copy)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )

    ours = [line for line in told.stderr.splitlines() if str(tmp_path) in line]
    assert ours == []
    assert told.returncode == 0, told.stderr
