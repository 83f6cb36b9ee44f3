import os
import subprocess
from pathlib import Path

from huanwei.broker.nats_server import PreparedBroker
from huanwei.new_run import write_settings
from huanwei.run_plan import broker_child
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
