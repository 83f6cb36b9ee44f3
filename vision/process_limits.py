"""What a process that opens pictures of strangers may use; and how such a process is started."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Mapping

_PR_SET_PDEATHSIG = 1
_OWN_THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


def child_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours in a fresh interpreter."""
    return [sys.executable, "-m", module, str(os.getpid()), *arguments]


def child_environment(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a child needs to know and nothing else: it must not see settings or secrets."""
    environment = os.environ if own is None else own
    handed_on = {name: environment[name] for name in _HANDED_ON if name in environment}
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109  a string
    return {**handed_on, **_OWN_THREADS, "PYTHONPATH": path}


def end_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; leave if it has."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:
        sys.exit(0)


def limit_memory(address_space_bytes: int) -> None:
    """Make larger requests fail with ``MemoryError`` instead of taking the machine's memory."""
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Let this process burn so many more seconds of processor; after that the kernel kills it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + 1 + seconds, hard))


def give_back_memory() -> None:
    """Let the kernel have what was freed: after a network is loaded, about 35 MB of its copies.

    The C library keeps it otherwise; one without ``malloc_trim`` does as it likes.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
