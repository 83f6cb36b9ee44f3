"""A process that is asked to end does, at whatever moment it is asked."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

from huanwei.end_signals import END_SIGNALS, EndSignals

WITHIN_S = 10.0

ROUNDS = 2_000

LISTENER = f"""
import sys
from huanwei.end_signals import EndSignals
with EndSignals():
    print("ready", flush=True)
    for _ in range({ROUNDS}):
        with EndSignals() as end:
            while not end.wait(0.000001):
                pass
    print("ended", flush=True)
    sys.stdin.read()
"""


def send_at_random_moments(process: "subprocess.Popen[str]", ended: threading.Event) -> None:
    moments = random.Random(1)
    while not ended.wait(moments.uniform(0, 0.001)):
        process.send_signal(moments.choice(END_SIGNALS))


def test_a_signal_before_the_wait_is_not_lost() -> None:
    with EndSignals() as end:
        os.kill(os.getpid(), signal.SIGTERM)
        started_s = time.monotonic()
        assert end.wait(WITHIN_S)
        assert end.wait(WITHIN_S)
        assert time.monotonic() - started_s < WITHIN_S / 2


def test_a_signal_ends_a_wait_and_without_one_it_lasts() -> None:
    with EndSignals() as end:
        started_s = time.monotonic()
        assert not end.wait(0.05)
        assert time.monotonic() - started_s >= 0.05
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        assert end.wait(WITHIN_S)
        timer.join()


def test_another_signal_with_a_handler_ends_no_wait() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with EndSignals() as end:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not end.wait(0.05)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_afterwards_signals_are_handled_as_before() -> None:
    before = [signal.getsignal(each) for each in END_SIGNALS]
    with EndSignals():
        assert [signal.getsignal(each) for each in END_SIGNALS] != before
    assert [signal.getsignal(each) for each in END_SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_signals_at_random_moments_lock_nothing_up() -> None:
    ended = threading.Event()
    process = subprocess.Popen(
        (sys.executable, "-c", LISTENER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    sending = threading.Thread(target=send_at_random_moments, args=(process, ended))
    watchdog = threading.Timer(WITHIN_S, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        sending.start()
        assert process.stdout.readline() == "ended\n"
    finally:
        ended.set()
        if sending.ident is not None:
            sending.join()
        watchdog.cancel()
        process.kill()
        process.communicate()
