"""Places for live streams."""

import pytest

from common.errors import ResourceExhaustedError
from transcriber.worker.live.load import LiveLoad


def test_places_are_limited() -> None:
    load = LiveLoad(limit=2, threads=2)
    with load.place(0.0), load.place(0.0):
        with pytest.raises(ResourceExhaustedError, match="LIVE_SESSIONS"), load.place(0.0):
            pass
        assert load.streams == 2
    assert load.streams == 0


def test_busy_threads_take_no_further_stream() -> None:
    load = LiveLoad(limit=8, threads=1)
    with load.place(0.0):
        for moment in range(15):
            load.worked(0.5, float(moment))
        assert load.share(14.0) == pytest.approx(0.5)
        with pytest.raises(ResourceExhaustedError, match="real time"), load.place(14.0):
            pass
        # Work is forgotten after a while.
        with load.place(40.0):
            pass


def test_a_free_worker_takes_a_stream_however_slow_it_is() -> None:
    load = LiveLoad(limit=1, threads=1)
    load.worked(30.0, 0.0)
    with load.place(1.0):
        pass
