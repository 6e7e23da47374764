"""A small run of `make fuzz` with a fixed seed: hostile input does no harm.

`test_schema` generates requests from the OpenAPI document, with the same judgment of answers.
"""

import re
from collections.abc import Callable

import pytest

from bench.fuzz import requests
from bench.fuzz.campaign import SHARES
from tests.programs import run_module

CASES = 100
KINDS = sorted(SHARES.keys() - {requests.KIND})


@pytest.fixture(scope="module", autouse=True)
def strangers() -> None:
    """Replace the fixture that needs the stack of the other tests."""


def test_hostile_input_does_no_harm(show: Callable[[str], None]) -> None:
    """No server error, no text of an exception, no ended process, and no object is left."""
    output = run_module("bench.fuzz", f"--cases={CASES}", "--seed=1", "--only", *KINDS)
    counts = dict(re.findall(r"^\| ([\w-]+) \| ([\d,]+) \|", output, re.MULTILINE))
    assert sorted(counts) == KINDS
    for kind in KINDS:
        assert int(counts[kind].replace(",", "")) >= CASES * SHARES[kind]
    assert "\n0 faults with seed 1" in output
    show(output[output.index("| input") :])
