"""Sound of final words, gathered until there is enough of it to tell a voice."""

from dataclasses import dataclass

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples

#: Speech, in samples, from which a voice is told well. A known voice needs two seconds without the
#: margins at both ends, which voiceprints leave out.
ENOUGH = round(2.2 * SAMPLE_RATE)
#: Most sound of one message.
MOST = 30 * SAMPLE_RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceSound:
    """Sound of the words of some segments of one utterance.

    `continues` tells that earlier sound of the utterance precedes it.
    """

    segments: tuple[int, ...]
    samples: Samples
    continues: bool


class VoiceSounds:
    """Sound of one channel. Sound of different utterances is never joined."""

    def __init__(self) -> None:
        self._segments: list[int] = []
        self._pieces: list[Samples] = []
        self._continues = False

    def add(self, segment: int, samples: Samples) -> VoiceSound | None:
        """Add the sound of a final segment. Return the gathered sound once it is enough."""
        self._segments.append(segment)
        self._pieces.append(samples)
        if sum(map(len, self._pieces)) < ENOUGH:
            return None
        found = self._taken()
        self._continues = True
        return found

    def end(self) -> VoiceSound | None:
        """End the utterance. Return the rest of its sound, None without any."""
        found = self._taken() if self._segments else None
        self._continues = False
        return found

    def _taken(self) -> VoiceSound:
        found = VoiceSound(
            segments=tuple(self._segments),
            samples=np.concatenate(self._pieces)[:MOST],
            continues=self._continues,
        )
        self._segments, self._pieces = [], []
        return found
