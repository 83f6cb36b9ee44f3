from pathlib import Path

import pytest

from vision.eight_bit_processor import multiplies_bytes_exactly

X86 = "processor\t: 0\nmodel name\t: some\nflags\t\t: fpu sse2 avx2 {}\nbugs\t\t: none\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\nCPU part\t: 0xd0b\n"


@pytest.mark.parametrize(
    ("cpuinfo", "exact"),
    [
        (X86.format("avx512_vnni"), True),
        (X86.format("avx_vnni"), True),
        (X86.format("avx512bw"), False),
        (ARM.format("asimddp"), True),
        (ARM.format("crc32"), False),
        ("", False),
    ],
)
def test_bytes_are_multiplied_only_where_the_processor_loses_nothing(
    tmp_path: Path, cpuinfo: str, *, exact: bool
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo, "utf-8")
    assert multiplies_bytes_exactly(file) is exact


def test_a_processor_that_says_nothing_is_not_trusted(tmp_path: Path) -> None:
    assert multiplies_bytes_exactly(tmp_path / "missing") is False
