"""Regular snapshots of the queue."""

import pytest

from transcriber.queue.queue_status import rest_after


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 1.0), (0.05, 1.0), (2.0, 18.0)])
def test_snapshots_take_a_tenth_of_the_time_at_most(seconds: float, expected: float) -> None:
    assert rest_after(seconds) == expected
