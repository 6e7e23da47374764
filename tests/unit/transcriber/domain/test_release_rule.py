"""Room for tasks at the workers."""

import pytest

from transcriber.domain.release_rule import room


@pytest.mark.parametrize(
    ("workers", "handed_out", "expected"),
    [(0, 0, 1), (0, 1, 0), (4, 0, 5), (4, 4, 1), (4, 5, 0), (2, 5, 0)],
)
def test_one_task_more_than_workers_is_released(
    workers: int, handed_out: int, expected: int
) -> None:
    assert room(workers=workers, handed_out=handed_out) == expected
