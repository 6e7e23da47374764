"""Which parts of a long recording the benchmark of memory processes."""

from bench.parts_memory import chosen_parts
from transcriber.domain.parts import Lengths, plan

_LENGTHS = Lengths(longest=240.0, shortest=60.0, prompt=False)


def test_all_parts_of_a_short_recording_are_processed_again_and_again() -> None:
    parts = plan(600.0, _LENGTHS, idle=1)
    assert [part.number for part in parts] == [0, 1, 2]
    assert [part.number for part in chosen_parts(parts)] == [0, 1, 2, 0, 1, 2]
    assert len(chosen_parts(plan(60.0, _LENGTHS, idle=1))) == 6


def test_parts_of_a_long_recording_are_from_all_of_it() -> None:
    parts = plan(36_000.0, _LENGTHS, idle=1)
    numbers = [part.number for part in chosen_parts(parts)]
    middle = len(parts) // 2
    assert numbers == [0, 1, middle, middle + 1, len(parts) - 2, len(parts) - 1]
