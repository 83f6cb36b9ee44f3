"""Whether this processor multiplies bytes without loss.

x86 before VNNI adds two products of bytes into 16 bits and cuts what does not fit
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html, "When and why do I
need to try U8U8?"), so that a network in eight bits would see other things there.
"""

from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")
_EXACT = frozenset({"avx512_vnni", "avx_vnni", "asimddp"})
"""x86 with VNNI; ARM with its dot product (ARMv8.2)."""


def flags_of(cpuinfo: str) -> frozenset[str]:
    """Return what the first processor of Linux's ``/proc/cpuinfo`` says that it can do."""
    for line in cpuinfo.splitlines():
        name, _, values = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return frozenset(values.split())
    return frozenset()


def multiplies_bytes_exactly(cpuinfo: Path = _PROCESSOR) -> bool:
    """Return whether it does, False where that cannot be known."""
    try:
        return bool(flags_of(cpuinfo.read_text("utf-8")) & _EXACT)
    except OSError:
        return False
