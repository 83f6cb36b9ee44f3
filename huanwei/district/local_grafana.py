"""A Grafana of our own on this machine, where a program is found: provisioned, on loopback.

Nobody has seen it at work where it was written: no Grafana could be had there (docs/grafana.md).
"""

import json
import os
import shutil
import sys
from pathlib import Path

from dashboards.definition import Source
from dashboards.wanted import FOLDER_TITLES
from dashboards.wording import folder_uid
from huanwei import end_with_parent
from huanwei.broker.device_passwords import write_private
from huanwei.supervision import ChildProcess
from texts.catalogue import Locale

USER = "huanwei"
_HOMES = ("/usr/share/grafana", "/opt/grafana")


def find_grafana() -> tuple[str, str] | None:
    """Return the program and its home (``GRAFANA_BIN``, the path; ``GRAFANA_HOME``), or None."""
    program = os.environ.get("GRAFANA_BIN") or shutil.which("grafana")
    if program is None:
        return None
    homes = [os.environ.get("GRAFANA_HOME", ""), *_HOMES, str(Path(program).resolve().parents[1])]
    home = next((h for h in homes if h and Path(h, "conf", "defaults.ini").exists()), None)
    return None if home is None else (program, home)


def write_provisioning(
    folder: Path, *, influx: tuple[str, str, str], postgres: tuple[int, str, str, str]
) -> None:
    """Write what Grafana reads at its start, in the form of ``deploy/grafana``.

    ``influx`` is address, organisation and reading token; ``postgres`` is port, database, and name
    and password of the reading account. Dashboards are read from ``folder``/dashboards.
    """
    url, org, token = influx
    port, database, reader, password = postgres
    sources = [
        {
            "name": "Huanwei InfluxDB",
            "uid": str(Source.INFLUX),
            "type": "influxdb",
            "access": "proxy",
            "url": url,
            "isDefault": True,
            "jsonData": {
                "version": "Flux",
                "organization": org,
                "defaultBucket": "huanwei-raw",
                "timeInterval": "1m",
            },
            "secureJsonData": {"token": token},
        },
        {
            "name": "Huanwei PostgreSQL",
            "uid": str(Source.POSTGRES),
            "type": "grafana-postgresql-datasource",
            "access": "proxy",
            "url": f"127.0.0.1:{port}",
            "user": reader,
            "jsonData": {"database": database, "sslmode": "disable", "postgresVersion": 1700},
            "secureJsonData": {"password": password},
        },
    ]
    providers = [
        {
            "name": f"huanwei-{locale.language_tag}",
            "folder": FOLDER_TITLES[locale],
            "folderUid": folder_uid(locale),
            "type": "file",
            "disableDeletion": True,
            "allowUiUpdates": False,
            "options": {"path": str(folder / "dashboards" / locale.language_tag)},
        }
        for locale in Locale
    ]
    # JSON is YAML, which is what provisioning reads.
    for name, content in (
        ("datasources", {"apiVersion": 1, "datasources": sources}),
        ("dashboards", {"apiVersion": 1, "providers": providers}),
    ):
        path = folder / "provisioning" / name / "huanwei.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(content, ensure_ascii=False, indent=1))


def grafana_child(
    found: tuple[str, str], folder: Path, *, port: int, password: str, logs: Path
) -> ChildProcess:
    """Return the server as a process to start and to watch."""
    program, home = found
    wrapper = (sys.executable, "-P", "-S", end_with_parent.__file__, str(os.getpid()))
    return ChildProcess(
        name="grafana",
        command=(*wrapper, str(Path(program).resolve()), "server", "--homepath", home),
        log_path=logs / "grafana.log",
        ready_url=f"http://127.0.0.1:{port}/api/health",
        environment={
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_SECURITY_ADMIN_USER": USER,
            "GF_SECURITY_ADMIN_PASSWORD": password,
            "GF_USERS_ALLOW_SIGN_UP": "false",
            "GF_SNAPSHOTS_EXTERNAL_ENABLED": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            "GF_PATHS_DATA": str(folder / "data"),
            "GF_PATHS_LOGS": str(folder / "logs"),
            "GF_PATHS_PROVISIONING": str(folder / "provisioning"),
        },
    )
