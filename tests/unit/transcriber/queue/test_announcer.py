"""Announcements of the queue."""

from common.bus import MAX_PAYLOAD
from transcriber.domain.forecast import Forecast
from transcriber.queue.announcer import MOST_PLACES, message
from transcriber.queue.queue_status import QueuePlace, QueueSnapshot


def snapshot(workspaces: int) -> QueueSnapshot:
    return QueueSnapshot(
        positions={},
        forecast=Forecast(begin={}, end={}, next_begin=1e9),
        places={
            f"session_{number:032x}": QueuePlace(position=number + 1, wait=1e9)
            for number in range(workspaces)
        },
        queued=workspaces,
        processing=0,
    )


def test_all_places_of_a_usual_queue_are_announced() -> None:
    changed = message(snapshot(3))
    assert [place.position for place in changed.places] == [1, 2, 3]


def test_announcement_of_a_long_queue_can_be_published() -> None:
    changed = message(snapshot(100_000))
    assert changed.ByteSize() < 0.9 * MAX_PAYLOAD
    assert len(changed.places) == MOST_PLACES
    assert changed.places[-1].position == MOST_PLACES
    assert changed.queued_jobs == 100_000
