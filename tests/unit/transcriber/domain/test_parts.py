"""Parts of recordings: how many there are, and what they hear."""

import heapq
import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.domain.jobs import Stage
from transcriber.domain.parts import LENGTHS, MARGIN, PART, Lengths, Part, plan

SPEECH, VOICES = LENGTHS[Stage.TRANSCRIBE], LENGTHS[Stage.DIARIZE]
EVEN = Lengths(longest=240.0, shortest=60.0)


@given(
    seconds=st.floats(min_value=0.0, max_value=200_000.0),
    idle=st.integers(min_value=0, max_value=2_000),
    lengths=st.sampled_from([SPEECH, VOICES, EVEN]),
)
def test_parts_cover_the_recording_once(seconds: float, idle: int, lengths: Lengths) -> None:
    parts = plan(seconds, lengths, idle=idle)
    assert parts[0].start == 0
    assert parts[-1].end == math.ceil(seconds)
    assert [part.end for part in parts[:-1]] == [part.start for part in parts[1:]]
    assert [part.number for part in parts] == list(range(len(parts)))
    assert {part.count for part in parts} == {len(parts)}
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    # One second of rounding.
    assert all(part.seconds <= lengths.longest + 1 for part in parts)
    if len(parts) > 1:
        shortest = 25.0 if lengths.tapered and idle > 1 else min(60.0, lengths.shortest)
        assert all(part.seconds >= shortest - 1 for part in parts)


@pytest.mark.parametrize(("seconds", "idle"), [(0.0, 1), (30.0, 16), (119.0, 2), (240.0, 1)])
def test_short_recordings_are_not_cut(seconds: float, idle: int) -> None:
    assert len(plan(seconds, SPEECH, idle=idle)) == 1


def test_idle_workers_share_a_recording_that_one_could_process() -> None:
    assert [part.seconds for part in plan(200.0, EVEN, idle=2)] == [100, 100]
    # A third worker would get less than a minute.
    assert [part.seconds for part in plan(130.0, EVEN, idle=3)] == [65, 65]


def test_parts_are_a_multiple_of_the_idle_workers() -> None:
    assert len(plan(3600.0, EVEN, idle=16)) == 16
    assert len(plan(36_000.0, EVEN, idle=16)) == 160
    assert len(plan(36_000.0, EVEN, idle=1)) == 150


def test_the_first_part_of_a_long_recording_is_brief() -> None:
    parts = plan(3600.0, SPEECH, idle=1)
    assert parts[0].seconds == 60
    assert min(part.seconds for part in parts[1:]) > 200
    assert plan(3600.0, VOICES, idle=1)[0].seconds == 900


@pytest.mark.parametrize("seconds", [3600.0, 7200.0, 36_000.0])
@pytest.mark.parametrize("idle", [2, 4, 16])
def test_the_worker_with_the_brief_part_ends_with_the_others(seconds: float, idle: int) -> None:
    parts = plan(seconds, SPEECH, idle=idle)
    assert parts[0].seconds == 60
    ends = ends_of([part.seconds for part in parts], idle)
    assert max(ends) - min(ends) <= len(parts)
    assert max(part.seconds for part in parts) <= SPEECH.longest


def ends_of(times: Iterable[float], workers: int) -> list[float]:
    """Return when each worker ends with tasks that take so long, taken in their order."""
    ends = [0.0] * workers
    for time in times:
        heapq.heapreplace(ends, ends[0] + time)
    return ends


def test_ever_briefer_parts_even_out_that_some_have_more_speech() -> None:
    tapered = plan(3600.0, SPEECH, idle=16)
    lengths = [part.seconds for part in tapered]
    assert len(tapered) == 49
    assert max(lengths[1:17]) <= 147
    assert {49, 50} >= set(lengths[17:33])
    assert {29, 30} >= set(lengths[33:])

    def lost(parts: Sequence[Part]) -> float:
        work = [1 + 0.15 * math.sin(second / 200) for second in range(3600)]
        times = [sum(work[part.start : part.end]) for part in parts]
        return 1 - sum(times) / 16 / max(ends_of(times, 16))

    assert lost(tapered) < 0.6 * lost(plan(3600.0, EVEN, idle=16))


def test_parts_of_diarizers_are_even() -> None:
    assert {part.seconds for part in plan(3600.0, VOICES, idle=4)} == {900}


def test_no_part_is_too_brief_to_be_worth_it() -> None:
    parts = plan(1000.0, SPEECH, idle=16)
    assert len({part.seconds for part in parts[1:]}) <= 2
    assert plan(1600.0, SPEECH, idle=16)[-1].seconds == 40


def test_parts_hear_a_margin_of_their_neighbors() -> None:
    first, second, third = plan(700.0, EVEN, idle=3)
    assert first.heard == (0.0, first.end + MARGIN)
    assert second.heard == (second.start - MARGIN, second.end + MARGIN)
    assert third.heard == (third.start - MARGIN, 700.0)


def test_part_is_an_option_of_a_task() -> None:
    part = plan(700.0, EVEN, idle=3)[1]
    assert Part.of({"language": "en", PART: part.to_json()}) == part
    assert Part.of({"language": "en"}) is None
