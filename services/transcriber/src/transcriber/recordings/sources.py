"""What jobs read: the recording while it is kept, afterwards the playback copy."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from common.audio.playback import signals_of_copy
from common.audio.signals import ChannelMode, ChannelPlan, Signal, SignalPart
from common.errors import StateError
from common.postgres import Connection
from transcriber.domain.jobs import Task
from transcriber.domain.transcriptions import Transcription
from transcriber.store.playback import PlaybackCopies

#: Option of tasks that read the playback copy: its key. Other tasks do not have it.
COPY_KEY = "playback_key"

_REMOVED = "The recording was removed. Upload it again."
_MIXED = (
    "The recording was removed, and its playback copy has the channels mixed. They cannot be "
    "processed apart."
)


def copy_key(options: Mapping[str, Any]) -> str:
    """Return the key of the playback copy read by a task, empty if it reads the recording."""
    key: str = options.get(COPY_KEY, "")
    return key


def reads_copy(tasks: list[Task]) -> bool:
    """Return whether any task reads the playback copy."""
    return any(copy_key(task.options) for task in tasks)


async def copy_of(connection: Connection, transcription: Transcription) -> tuple[str, int]:
    """Return the key of the playback copy, and the number of its channels.

    Raises:
        StateError: there is none.
    """
    found = await PlaybackCopies(connection).find(transcription.id, transcription.workspace_id)
    if found is None or found.made is None:
        raise StateError(_REMOVED)
    return found.keys.playback, found.made.channels


def plan_for_copy(wanted: ChannelPlan | None, channels: int) -> ChannelPlan | None:
    """Return a plan for a recording so that it reads the copy, which has a channel per signal.

    Raises:
        StateError: the copy has no signals of their own for the plan.
    """
    if wanted is None:
        return None
    copied = signals_of_copy(channels)
    if len(wanted.signals) == channels:
        return replace(
            wanted,
            signals=tuple(
                replace(planned, signal=replace(planned.signal, parts=signal.parts))
                for planned, signal in zip(wanted.signals, copied, strict=True)
            ),
        )
    if wanted.decided is ChannelMode.MIX:
        # Some channels of the copy may be silent.
        gains = zip(*(part.gains for signal in copied for part in signal.parts), strict=True)
        mixed = SignalPart(track=0, gains=tuple(sum(gain) / channels for gain in gains))
        return replace(wanted, signals=(replace(wanted.signals[0], signal=Signal(parts=(mixed,))),))
    raise StateError(_MIXED)
