"""A benchmark that waits for ever ends with a word about what it waited for, and ends its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

_BEGIN = """
import subprocess, sys, threading
from contextlib import contextmanager
from tests.benchmarks.time_limit import time_limit

@contextmanager
def child(ends):
    process = subprocess.Popen((sys.executable, "-S", "-c", "input()"), stdin=subprocess.PIPE)
    print(process.pid, flush=True)
    try:
        yield
    finally:
        if not ends:
            threading.Event().wait()
        process.kill()
        process.wait()
        print("ended", flush=True)
"""
_WAITING = """
with time_limit(0.3, ending_s=0.3) as limit, child(ends=%s):
    limit.doing = "draining: 3 of 7"
    threading.Event().wait()
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-c", _BEGIN + script),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_what_takes_too_long_says_in_which_step_and_ends_what_it_began() -> None:
    done = run(_WAITING % True)
    assert done.returncode == 1
    assert done.stderr == "not done within 0.3 s, while draining: 3 of 7\n"
    assert done.stdout.endswith("ended\n")


def test_what_does_not_even_end_is_killed_with_its_processes() -> None:
    done = run(_WAITING % False)
    assert done.returncode == 1
    assert "killed" in done.stderr
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def test_what_is_done_in_time_is_left_alone() -> None:
    done = run("with time_limit(0.2):\n    pass\nthreading.Event().wait(0.4)\nprint('whole')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "whole\n", "")
