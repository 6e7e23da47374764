"""What a process has set before torch is imported."""

import subprocess
import sys

_PLACES = """
import diarizer.engines.torch_runtime
import numpy as np

np.ones(2_000_000)
block = np.ones(600_000)
address = block.ctypes.data
for line in open("/proc/self/maps"):
    first, last = (int(place, 16) for place in line.split()[0].split("-"))
    if first <= address < last:
        print("heap" if "[heap]" in line else "mapped")
"""


def test_large_blocks_are_outside_of_the_heap_after_larger_ones_were_freed() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _PLACES], capture_output=True, text=True, check=True
    )
    assert found.stdout == "mapped\n"
