"""transcriber.worker.engines.speech_pieces: speech packed for a model of limited length."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transcriber.worker.engines.speech_pieces import pieces
from transcriber.worker.engines.voice_activity import Span

LONGEST = 10_000


def spans(*edges: tuple[int, int]) -> list[Span]:
    return [Span(start=start, end=end) for start, end in edges]


def packed(*edges: tuple[int, int]) -> list[Span]:
    return pieces(np.ones(100_000, np.float32), spans(*edges), longest=LONGEST)


def test_speech_that_fits_is_one_piece() -> None:
    assert packed((100, 2_000), (5_000, 10_100)) == spans((100, 10_100))


def test_piece_ends_in_the_longest_of_its_last_pauses() -> None:
    found = packed((0, 2_000), (4_900, 6_500), (7_500, 8_500), (8_600, 9_900), (10_100, 12_000))
    assert found == spans((0, 6_500), (7_500, 12_000))


def test_span_without_a_pause_is_cut_in_a_quiet_moment() -> None:
    sound = np.ones(40_000, np.float32)
    sound[15_000:22_000] = 0.0
    found = pieces(sound, spans((0, 40_000)), longest=20_000)
    assert found[0].end == found[1].start
    assert 16_000 <= found[0].end <= 20_000
    assert found[-1].end == 40_000


def test_no_speech_has_no_pieces() -> None:
    assert packed() == []


@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 25_000)), max_size=12))
def test_pieces_are_short_and_hold_all_speech(gaps: list[tuple[int, int]]) -> None:
    edges, at = [], 0
    for gap, length in gaps:
        edges.append((at + gap, at + gap + length))
        at += gap + length
    given_spans = spans(*edges)
    found = pieces(np.ones(at, np.float32), given_spans, longest=LONGEST)
    assert all(0 < piece.length <= LONGEST for piece in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    for span in given_spans:
        inside = sum(
            max(0, min(span.end, piece.end) - max(span.start, piece.start)) for piece in found
        )
        assert inside == span.length
