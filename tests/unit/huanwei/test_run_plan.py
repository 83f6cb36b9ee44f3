import os
import subprocess
from pathlib import Path

from huanwei.broker.nats_server import PreparedBroker
from huanwei.new_run import write_settings
from huanwei.run_plan import broker_child, role_children
from huanwei.settings import load_settings
from storage.lock_file import LockFile


def test_the_broker_can_be_started_from_any_folder(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path / "run", gateway_id="gw-one"))
    lock = LockFile(tmp_path / "store.lock")
    prepared = PreparedBroker(
        command=("/bin/sh", "-c", "pwd"), environment=dict(os.environ), store_lock=lock
    )

    child = broker_child(prepared, settings)
    done = subprocess.run(
        child.command, cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False
    )
    lock.release()

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path)


def test_the_simulator_is_told_to_give_large_memory_back(tmp_path: Path) -> None:
    path = write_settings(tmp_path / "run", gateway_id="gw-one", simulator_port=18_900)
    roles = ("sim", "edge", "ingest", "centre")

    children = role_children(load_settings(path), path, roles)

    told = {child.name for child in children if "MALLOC_MMAP_THRESHOLD_" in child.environment}
    assert told == {"sim"}
    assert {child.environment["MALLOC_ARENA_MAX"] for child in children} == {"2"}
