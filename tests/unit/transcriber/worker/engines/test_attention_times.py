"""transcriber.worker.engines.attention_times: the path of tokens through frames."""

import itertools

import numpy as np
import pytest

from transcriber.worker.engines import attention_times


def rows(spans: list[tuple[int, int]], frames: int) -> list[attention_times.Matrix]:
    """Return the attention of two heads: one to the spans of tokens, one to the same frame."""
    found = []
    for start, end in spans:
        attention = np.zeros((2, frames), np.float32)
        attention[0, start:end] = 1.0
        attention[1, 0] = 1.0
        found.append(attention)
    return found


def test_tokens_start_where_the_attention_moves_to_them() -> None:
    spans = [(0, 4), (4, 5), (5, 11), (11, 20)]
    assert attention_times.starts(rows(spans, 20)) == [0, 4, 5, 11]


def test_frames_that_every_token_attends_to_tell_nothing() -> None:
    spans = [(0, 5), (5, 9), (9, 12)]
    disturbed = rows(spans, 12)
    for row in disturbed:
        row[:, 7] += 50.0
    assert attention_times.starts(disturbed) == [0, 5, 9]


def test_tokens_stay_in_order_though_attention_jumps_back() -> None:
    found = attention_times.starts(rows([(0, 6), (8, 12), (2, 4), (12, 16)], 16))
    assert found == sorted(found)
    assert found[0] == 0


def test_each_token_has_a_frame() -> None:
    random = np.random.default_rng(1)
    attention = [random.random((3, 30), np.float32) for _ in range(12)]
    found = attention_times.starts(attention)
    assert len(found) == 12
    assert all(one < other for one, other in itertools.pairwise(found))


@pytest.mark.parametrize(("count", "frames"), [(1, 1), (5, 3), (3, 1)])
def test_more_tokens_than_frames_end_in_the_last_frame(count: int, frames: int) -> None:
    attention = [np.ones((2, frames), np.float32) for _ in range(count)]
    found = attention_times.starts(attention)
    assert len(found) == count
    assert found[0] == 0
    assert max(found) == frames - 1 or count == 1


def test_no_tokens_have_no_times() -> None:
    assert attention_times.starts([]) == []
