from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diarizer.engines.embedded_pipeline import assign_frames


def assigned(activity: Sequence[Sequence[int]], speaking: list[int]) -> list[list[int]]:
    found: npt.NDArray[np.float32] = assign_frames(
        np.array(activity, dtype=np.float32), np.array(speaking)
    )
    return [[int(one) for one in frame] for frame in found]


def test_those_speak_whom_most_chunks_hear() -> None:
    activity = [[3, 5, 4]] * 4
    assert assigned(activity, [0, 1, 2, 3]) == [[0, 0, 0], [0, 1, 0], [0, 1, 1], [1, 1, 1]]


def test_missing_person_is_the_nearest_in_time() -> None:
    activity = [[0, 9, 0], [9, 0, 0], [9, 0, 0], [9, 0, 0], [0, 0, 9]]
    assert assigned(activity, [1, 2, 1, 2, 1]) == [
        [0, 1, 0],
        [1, 1, 0],
        [1, 0, 0],
        [1, 0, 1],
        [0, 0, 1],
    ]


def test_nobody_is_invented() -> None:
    # A second person, where only one is ever heard, and people who are not heard at all.
    assert assigned([[5, 0], [5, 0]], [2, 3]) == [[1, 0], [1, 0]]
    assert assigned([[0], [0]], [1, 0]) == [[0], [0]]


def test_lengths_may_differ_by_the_last_frames() -> None:
    assert assigned([[1], [1], [1]], [1, 1]) == [[1], [1]]
    assert assigned([[1], [1]], [1, 1, 1]) == [[1], [1]]
