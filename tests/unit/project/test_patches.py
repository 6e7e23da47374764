"""Tests do not stop the clock of the whole process.

Servers and clients of other tests may live in the same process: without pauses they spin, and
with a clock that stands still they never wake up.
"""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
PATCH = re.compile(r"""setattr\(\s*(asyncio|time|"asyncio|"time)(,\s*"|\.)(sleep|monotonic)\b""")


def test_clocks_are_replaced_only_in_modules() -> None:
    found = [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("*.py"))
        if PATCH.search(path.read_text())
    ]
    assert found == []
