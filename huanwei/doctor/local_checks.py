"""Checks of this machine: files, disk, registry, processes."""

import http.client
import json
import shutil
import sqlite3
import stat
from pathlib import Path

from domain.registry import RegistrySnapshot
from huanwei.doctor.findings import Finding, State

DISK_WARNING_PERCENT, DISK_WRONG_PERCENT = 10, 3
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_secrets(path: Path) -> Finding:
    """Say whether others can read the passwords."""
    if not path.exists():
        return Finding(
            check="secrets", state=State.OK, word="secrets_elsewhere", values={"path": str(path)}
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        values: dict[str, str | int] = {"path": str(path), "mode": f"{mode:o}"}
        return Finding(check="secrets", state=State.WRONG, word="secrets_open", values=values)
    return Finding(
        check="secrets", state=State.OK, word="secrets_private", values={"path": str(path)}
    )


def check_disk(data: Path) -> Finding:
    """Say how much room there is for data."""
    if not data.exists():
        values: dict[str, str | int] = {"path": str(data)}
        return Finding(check="disk", state=State.WARNING, word="data_missing", values=values)
    disk = shutil.disk_usage(data)
    return judge_disk(str(data), free_percent=disk.free * 100 // disk.total)


def judge_disk(path: str, *, free_percent: int) -> Finding:
    """Return what a share of free room means."""
    values: dict[str, str | int] = {"path": path, "free": free_percent}
    if free_percent >= DISK_WARNING_PERCENT:
        return Finding(check="disk", state=State.OK, word="disk_enough", values=values)
    state = State.WARNING if free_percent >= DISK_WRONG_PERCENT else State.WRONG
    return Finding(check="disk", state=state, word="disk_short", values=values)


def judge_registry(registry: RegistrySnapshot) -> Finding:
    """Say whether a registry that can be read has something to hear."""
    devices = len(registry.sensors) + len(registry.cameras)
    if not devices:
        return Finding(check="registry", state=State.WARNING, word="registry_empty")
    values: dict[str, str | int] = {"places": len(registry.places), "devices": devices}
    return Finding(check="registry", state=State.OK, word="registry_good", values=values)


def check_process(process: str, port: int) -> Finding:
    """Ask a process of ours on this machine whether it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", "/readyz")
        missing = json.loads(connection.getresponse().read())["missing"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        values: dict[str, str | int] = {"process": process, "port": port}
        return Finding(check=process, state=State.WARNING, word="process_away", values=values)
    finally:
        connection.close()
    if not missing:
        return Finding(
            check=process, state=State.OK, word="process_good", values={"process": process}
        )
    told = "; ".join(f"{name}: {why}" for name, why in missing.items())
    values = {"process": process, "missing": told}
    return Finding(check=process, state=State.WRONG, word="process_lacks", values=values)


def check_sqlite() -> Finding:
    """Name the library that keeps our files."""
    version: dict[str, str | int] = {"version": sqlite3.sqlite_version}
    return Finding(check="sqlite", state=State.OK, word="sqlite", values=version)
