"""``make secrets``: the passwords of ``docker-compose.yml``, made on this machine.

Standard library only (``python3 -m huanwei.compose_secrets``): who runs Docker may have no more.
"""

import os
import secrets
import sys
from pathlib import Path

SECRET_NAMES = (
    "HUANWEI_BROKER_ADMIN_PASSWORD",
    "HUANWEI_BROKER_INGEST_PASSWORD",
    "HUANWEI_BROKER_GATEWAY_PASSWORD",
    "HUANWEI_BROKER_DEVICES_PASSWORD",
    "HUANWEI_SIGNING_SECRET",
    "HUANWEI_POSTGRES_PASSWORD",
    "HUANWEI_INFLUX_PASSWORD",
    "HUANWEI_INFLUX_ADMIN_TOKEN",
    "HUANWEI_GRAFANA_PASSWORD",
    "HUANWEI_GRAFANA_DATABASE_PASSWORD",
    "HUANWEI_BROKER_NODE_PASSWORD",
)
CHOICES = {"COMPOSE_PROFILES": "nats"}
"""What else ``.env`` sets: which broker, and whether the simulated district."""


def compose_secrets(text: str) -> str:
    """Return ``.env`` with a fresh value for each name that it lacks; all else as it stands."""
    lines = text.splitlines() or [
        "# Made by `make secrets` on this machine. Readable by its owner alone; never commit it."
    ]
    present = {line.partition("=")[0].strip() for line in lines}
    lines += [f"{name}={value}" for name, value in CHOICES.items() if name not in present]
    lines += [f"{name}={secrets.token_hex(24)}" for name in SECRET_NAMES if name not in present]
    return "\n".join(lines) + "\n"


def main(path: Path) -> int:
    """Write the file with mode 0600; values that are there stay."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = compose_secrets(before)
    if after == before:
        sys.stdout.write(f"{path}: every secret is there; nothing was changed.\n")
    else:
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sys.stdout.write(f"Written: {path}. Next: docker compose up -d --build\n")
    path.chmod(0o600)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".env")))
