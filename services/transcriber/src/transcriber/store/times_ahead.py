"""Times of this service that work waits for."""

from common.background.times_ahead import TimeColumn
from transcriber.store.decisions import SENT_AGAIN_SECONDS
from transcriber.store.deletions import LATE_SECONDS
from transcriber.store.plain_objects import LEFT_SECONDS
from transcriber.store.resumable_uploads import LEASE_SECONDS
from transcriber.store.transcripts import NAMES_SECONDS

_HANDED_OUT = "state IN ('released', 'running')"


def times_ahead(capture_idle: float) -> tuple[TimeColumn, ...]:
    """Return the times. A capture is idle after a number of seconds."""
    return (
        TimeColumn(table="queue_announcement", column="announced_at"),
        TimeColumn(table="tasks", column="released_at", where=_HANDED_OUT),
        TimeColumn(table="tasks", column="heartbeat_at", where=_HANDED_OUT),
        TimeColumn(table="jobs", column="started_at", where="status = 'processing'"),
        TimeColumn(table="uploads", column="touched_at"),
        TimeColumn(table="resumable_uploads", column="leased_until", furthest=LEASE_SECONDS),
        TimeColumn(
            table="captures", column="idle_at", furthest=capture_idle, where="state = 'receiving'"
        ),
        TimeColumn(table="captures", column="ended_at", where="given_up"),
        TimeColumn(table="early_parts", column="withdrawn_at"),
        TimeColumn(table="deletions", column="due_at", furthest=LATE_SECONDS),
        TimeColumn(table="plain_leftovers", column="remove_at", furthest=LEFT_SECONDS),
        TimeColumn(table="transcriptions", column="clips_due_at"),
        TimeColumn(table="transcriptions", column="names_due_at", furthest=NAMES_SECONDS),
        TimeColumn(table="transcriptions", column="decisions_due_at", furthest=SENT_AGAIN_SECONDS),
    )
