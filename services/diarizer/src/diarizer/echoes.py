"""Speakers of one signal that are another party heard through a loudspeaker.

Diarization finds them like any other voice. Their words are left out of the transcript, and as
speakers they would have the voice of somebody on another channel.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from common.audio.echo_path import LONGEST_LAG, Frames, find_path, is_echo_path
from common.audio.envelope import FRAME_SECONDS, Envelope
from diarizer.engines.protocol import Diarization, Turn

#: Least share of a speaker's time at which somebody speaks in the other signal.
_LEAST_TOGETHER = 0.6
#: Least share of a speaker's time in which the other signal is heard.
_LEAST_HEARD = 0.5
#: An echo is measured over so many frames at a time, since people move.
_CHAPTER = 24_000
#: Frames before and after a turn that may belong to it.
_AROUND = 20


class EchoSpeakers:
    """Finds the echoes of another signal among the speakers of each signal.

    `envelope` returns the envelope of a signal by its number. It is called only for signals with
    speech at the same time.
    """

    def __init__(
        self, found: Mapping[int, Diarization], envelope: Callable[[int], Envelope]
    ) -> None:
        self._found = found
        self._envelope = envelope

    def labels_in(self, signal: int) -> set[str]:
        """Return the labels of the echoes in one signal."""
        others = [other for other in self._found if other != signal]
        return {
            speaker.label
            for speaker in self._found[signal].speakers
            if any(self._is_echo(signal, speaker.label, other) for other in others)
        }

    def _is_echo(self, signal: int, label: str, other: int) -> bool:
        turns, original = self._found[signal].turns, self._found[other].turns
        last = max((turn.end for turn in (*turns, *original)), default=0.0)
        count = round(last / FRAME_SECONDS) + LONGEST_LAG
        alone = _spoken((turn for turn in turns if turn.speaker == label), count)
        alone &= ~_spoken((turn for turn in turns if turn.speaker != label), count)
        speaking = _spoken(original, count, before=_AROUND, after=LONGEST_LAG)
        frames = int(np.count_nonzero(alone))
        if not frames:
            return False
        together = int(np.count_nonzero(alone & speaking)) >= _LEAST_TOGETHER * frames
        return together and self._heard(signal, other, alone, speaking) >= _LEAST_HEARD * frames

    def _heard(self, signal: int, other: int, alone: Frames, speaking: Frames) -> int:
        """Return the number of the frames `alone` with the other signal audible."""
        heard = 0
        for first in range(0, len(alone), _CHAPTER):
            last = min(len(alone), first + _CHAPTER)
            frames = int(np.count_nonzero(alone[first:last]))
            if not frames:
                continue
            path = find_path(
                self._envelope(other).between(first, last),
                self._envelope(signal).between(first, last),
                speaking[first:last],
                alone[first:last],
            )
            heard += frames if path is not None and is_echo_path(path) else 0
        return heard


def without_speakers(found: Diarization, labels: Iterable[str]) -> Diarization:
    """Return a diarization without some speakers and their turns."""
    gone = set(labels)
    return replace(
        found,
        turns=tuple(turn for turn in found.turns if turn.speaker not in gone),
        exclusive_turns=tuple(turn for turn in found.exclusive_turns if turn.speaker not in gone),
        speakers=tuple(speaker for speaker in found.speakers if speaker.label not in gone),
    )


def _spoken(turns: Iterable[Turn], count: int, *, before: int = 0, after: int = 0) -> Frames:
    """Return whether each of `count` frames has a turn, with margins in frames."""
    spoken = np.zeros(count, dtype=np.bool_)
    for turn in turns:
        first = round(turn.start / FRAME_SECONDS) - before
        spoken[max(0, first) : max(0, round(turn.end / FRAME_SECONDS) + after)] = True
    return spoken
