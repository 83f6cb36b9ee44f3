import signal
import sys
import threading
from itertools import pairwise
from pathlib import Path

import psutil
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from huanwei.health import HealthServer
from huanwei.process import always_ready
from huanwei.supervision import LONGEST_WAIT_S, ChildProcess, Supervisor, next_wait_s

SLEEPER = (sys.executable, "-S", "-c", "import time; time.sleep(60)")


@given(st.lists(st.floats(0, 29), min_size=1, max_size=20))
def test_the_wait_before_a_restart_doubles_up_to_a_bound(lives_s: list[float]) -> None:
    waits = [0.0]
    for lived_s in lives_s:
        waits.append(next_wait_s(waits[-1], lived_s))

    assert all(b in (2 * a, LONGEST_WAIT_S) or a == 0 for a, b in pairwise(waits))


def test_a_steady_run_makes_the_next_wait_short_again() -> None:
    assert next_wait_s(LONGEST_WAIT_S, 31) == 0.5


def test_a_killed_child_is_started_again_and_all_end_together(tmp_path: Path) -> None:
    health = HealthServer(port=0, readiness=always_ready, metrics=CollectorRegistry())
    health.start()
    ended: list[tuple[str, int]] = []
    ready: list[str] = []
    pids: list[int] = []
    child = ChildProcess(
        name="sleeper",
        command=SLEEPER,
        log_path=tmp_path / "sleeper.log",
        ready_url=f"http://127.0.0.1:{health.port}/readyz",
    )

    def kill_once_then_stop(name: str, _after_s: float) -> None:
        ready.append(name)
        pid = supervisor.pid("sleeper")
        assert pid is not None
        pids.append(pid)
        if len(ready) == 1:
            psutil.Process(pid).send_signal(signal.SIGKILL)
        else:
            supervisor.stop()

    supervisor = Supervisor(
        [child],
        on_ready=kill_once_then_stop,
        on_end=lambda name, code, _log: ended.append((name, code)),
    )
    watchdog = threading.Timer(20, supervisor.stop)
    watchdog.start()
    supervisor.run()
    watchdog.cancel()
    watchdog.join()
    health.stop()

    assert ready == ["sleeper", "sleeper"]
    assert ended == [("sleeper", -signal.SIGKILL)]
    assert not any(psutil.pid_exists(pid) for pid in pids)
