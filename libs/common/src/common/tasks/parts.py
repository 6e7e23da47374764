"""Parts of recordings in tasks: what to read of a recording, and times on the recording's clock."""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from common.audio.signals import Span
from common.times import duration, seconds
from securetranscribe.v1 import queue_pb2

#: Fields of results that are moments of a recording. Other durations are lengths.
_MOMENTS = frozenset({"start", "end"})


def heard_span(task: queue_pb2.Task) -> Span:
    """Return the stretch of the recording that a task processes, with the margins of its part.

    The last part, like a whole recording, lasts until the actual end.
    """
    return _span(task, task.heard if task.HasField("heard") else task.range)


def core_span(task: queue_pb2.Task) -> Span:
    """Return the part of a task without its margins."""
    return _span(task, task.range)


def sound_seconds(task: queue_pb2.Task) -> float:
    """Return the seconds of sound in one signal of a task, or 0 if unknown."""
    if not task.HasField("range"):
        return seconds(task.audio_duration)
    heard = task.heard if task.HasField("heard") else task.range
    return max(0.0, seconds(heard.end) - seconds(heard.start))


def move(result: Message, offset: float) -> None:
    """Add seconds to all moments in a result, whose clock then is that of the recording."""
    if not offset:
        return
    for field, value in result.ListFields():
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        for message in value if field.is_repeated else [value]:
            if isinstance(message, Duration):
                if field.name in _MOMENTS:
                    message.CopyFrom(duration(seconds(message) + offset))
            else:
                move(message, offset)


def _span(task: queue_pb2.Task, planned: queue_pb2.AudioRange) -> Span:
    if not task.HasField("range"):
        return Span()
    is_last = task.part_index >= task.part_count - 1
    return Span(start=seconds(planned.start), end=None if is_last else seconds(planned.end))
