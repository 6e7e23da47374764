"""Speakers of a live session, found from the voices of a few seconds of speech each.

Speech goes to the speaker with the most similar voice so far, or to a new one. Speakers who turn
out to have the same voice are joined. All decisions are made at once and may change later: the
speakers of the finished recording are found in all of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from common.voices.values import FloatArray, Voice, unit

#: Less speech (seconds) is compared with known voices, but changes none and begins none.
SOLID = 1.5
#: How much less similar than two voices from much speech a piece of speech may be to its speaker,
#: with enough speech and with less. On a telephone line, even two people have a cosine of 0.6.
_ALLOWANCE, _SHORT_ALLOWANCE = 0.03, 0.1
#: Speech (seconds) of both speakers from which on they can be joined, and how much more similar
#: they must be, since joined speakers are never told apart again.
_JOINED, _CLOSER = 2 * SOLID, 0.1
_LABEL = re.compile(r"Speaker_(\d+)", re.ASCII)


@dataclass(kw_only=True)
class Speaker:
    """A speaker so far. `total` is the sum of its voices, weighted by their `seconds`."""

    label: str
    party: int
    name: str = ""
    total: FloatArray | None = None
    seconds: float = 0.0
    segments: list[int] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The name of a known voice, otherwise the label."""
        return self.name or self.label

    @property
    def voice(self) -> Voice | None:
        """The mean voice, None without enough speech."""
        if self.total is None:
            return None
        return Voice(vector=unit(self.total), seconds=self.seconds)

    def hear(self, voice: Voice) -> None:
        """Add speech."""
        weighted = voice.vector * voice.seconds
        self.total = weighted if self.total is None else self.total + weighted
        self.seconds += voice.seconds


class SpeakerGroups:
    """Speakers of one session, in order of appearance.

    Methods return the labels of segments that have changed.
    """

    def __init__(self, *, most: int = 0, taken: Sequence[str] = ()) -> None:
        """Find up to `most` speakers, 0 for any number. Labels that are `taken` stay unused."""
        self._most = most
        numbers = [int(found[1]) for label in taken if (found := _LABEL.fullmatch(label))]
        self._next = max(numbers, default=0) + 1
        self._last: Speaker | None = None
        self.speakers: list[Speaker] = []

    def add(
        self,
        segments: Sequence[int],
        voice: Voice | None,
        *,
        link: float,
        continues: bool = False,
    ) -> dict[int, str]:
        """Add speech of one person. It has no voice if it is too short.

        Voices of one person from much speech have a cosine of `link` or more. Speech that
        `continues` an utterance and is like no voice is taken for that of the speech before.
        """
        speaker = None if voice is None else self._speaker_of(voice, link)
        if speaker is None and continues:
            speaker = self._last
        self._last = speaker
        if speaker is None:
            return {}
        if voice is not None and voice.seconds >= SOLID:
            speaker.hear(voice)
        speaker.segments += segments
        return dict.fromkeys(segments, speaker.shown) | self._joined(link)

    def add_party(self, party: int, segments: Sequence[int], voice: Voice | None) -> dict[int, str]:
        """Add speech of a party with a channel of its own, counted from 1."""
        speaker = next((one for one in self.speakers if one.party == party), None)
        if speaker is None:
            speaker = Speaker(label=f"Speaker_{party}", party=party)
            self.speakers.append(speaker)
        if voice is not None and voice.seconds >= SOLID:
            speaker.hear(voice)
        speaker.segments += segments
        return dict.fromkeys(segments, speaker.shown)

    def name(self, names: Mapping[str, str]) -> dict[int, str]:
        """Set the names of known voices by label. Others keep theirs, unless it is given away."""
        changed: dict[int, str] = {}
        for speaker in self.speakers:
            name = names.get(speaker.label, "")
            if not name and speaker.name not in names.values():
                name = speaker.name
            if name != speaker.name:
                speaker.name = name
                changed |= dict.fromkeys(speaker.segments, speaker.shown)
        return changed

    def forget_voices(self) -> None:
        """Forget the voices but not the labels, since voices of another model follow."""
        for speaker in self.speakers:
            speaker.total, speaker.seconds = None, 0.0

    def _speaker_of(self, voice: Voice, link: float) -> Speaker | None:
        """Return the speaker of speech, a new one if need be. None if it cannot be told."""
        solid = voice.seconds >= SOLID
        likeness, nearest = self._nearest(voice)
        if nearest is not None and likeness >= link - (_ALLOWANCE if solid else _SHORT_ALLOWANCE):
            return nearest
        if not solid:
            return None
        if nearest is not None and self._most and len(self.speakers) >= self._most:
            return nearest
        speaker = Speaker(label=f"Speaker_{self._next}", party=0)
        self._next += 1
        self.speakers.append(speaker)
        return speaker

    def _nearest(self, voice: Voice) -> tuple[float, Speaker | None]:
        """Return the speaker with the most similar voice, and the cosine."""
        found: tuple[float, Speaker | None] = (-1.0, None)
        for speaker in self.speakers:
            other = speaker.voice
            if other is not None and (likeness := _cosine(voice, other)) > found[0]:
                found = likeness, speaker
        return found

    def _joined(self, link: float) -> dict[int, str]:
        """Join speakers with the same voice, the later one with the earlier one."""
        changed: dict[int, str] = {}
        while (pair := self._same(link)) is not None:
            kept, gone = pair
            assert kept.total is not None
            assert gone.total is not None
            kept.total = kept.total + gone.total
            kept.seconds += gone.seconds
            kept.name = kept.name or gone.name
            kept.segments += gone.segments
            self.speakers.remove(gone)
            if self._last is gone:
                self._last = kept
            changed |= dict.fromkeys(kept.segments, kept.shown)
        return changed

    def _same(self, link: float) -> tuple[Speaker, Speaker] | None:
        for number, one in enumerate(self.speakers):
            for other in self.speakers[number + 1 :]:
                first, second = one.voice, other.voice
                if first is None or second is None or (one.name and other.name):
                    continue
                much = min(first.seconds, second.seconds) >= _JOINED
                if much and _cosine(first, second) >= link + _CLOSER:
                    return one, other
        return None


def _cosine(one: Voice, other: Voice) -> float:
    return float(np.dot(one.vector, other.vector))
