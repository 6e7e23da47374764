"""The allocator keeps large blocks once it has been told so."""

import platform
import subprocess
import sys

import pytest

_FAULTS = """
import resource
from common import allocator

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        bytearray(b"x") * 4_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

allocator.keep_large_blocks()
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these parameters")
def test_freed_blocks_are_used_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS], capture_output=True, text=True, check=True, timeout=60
    )
    # Fifty blocks of a thousand pages each.
    assert int(done.stdout) < 5_000
