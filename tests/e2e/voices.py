"""Recordings of the two people of the sample, cut and rearranged, and of a third voice.

The third is one of the two played at three quarters of the length, which is another person for a
network that compares voices.
"""

import io
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

_RATE = 16_000
_PAUSE_SECONDS = 0.3
_THIRD_LENGTH = 0.75
# Single-speaker parts of the sample in seconds, by speaker.
_ANN = ((11.05, 14.45), (8.35, 9.9), (18.6, 21.45), (28.5, 30.0))
_BOB = ((14.75, 17.9), (21.8, 24.8), (24.8, 27.8))

Sound = npt.NDArray[np.float32]


class Voices:
    """Recordings of three people as WAV files."""

    def __init__(self, sample: Path) -> None:
        with wave.open(str(sample), "rb") as file:
            assert (file.getframerate(), file.getnchannels()) == (_RATE, 1)
            frames = file.readframes(file.getnframes())
        sound = np.frombuffer(frames, dtype="<i2").astype(np.float32)
        self._ann = _cut(sound, _ANN)
        self._bob = _cut(sound, _BOB)

    def first(self) -> bytes:
        """Return Ann, then Bob, each twice."""
        return _wav([self._ann[0], self._bob[0], self._ann[1], self._bob[1]])

    def second(self) -> bytes:
        """Return Ann, Bob and a third person, one after another, with new sentences."""
        ann = np.concatenate(self._ann[2:])
        bob = np.concatenate(self._bob[1:])
        third = np.concatenate([_shortened(self._bob[0]), _shortened(self._bob[1])])
        return _wav([ann, bob, third])

    def third(self) -> bytes:
        """Return Bob, then Ann, each twice, as in the first recording."""
        return _wav([self._bob[1], self._ann[0], self._bob[0], self._ann[1]])

    def apart(self) -> bytes:
        """Return the samples of Ann, Bob and Ann with long pauses, without a header."""
        pause = np.zeros(_RATE, dtype=np.float32)
        parts = (self._ann[0], self._bob[1], self._ann[2])
        sound = np.concatenate([piece for part in parts for piece in (pause, part)])
        return np.concatenate([sound, pause]).astype("<i2").tobytes()

    def reference_of_bob(self) -> bytes:
        """Return a sentence of Bob that is not in the second recording."""
        return _wav(self._bob[:1])

    def only_bob(self) -> bytes:
        """Return Bob alone."""
        return _wav([np.concatenate(self._bob)])


def _cut(sound: Sound, places: Sequence[tuple[float, float]]) -> list[Sound]:
    return [sound[round(start * _RATE) : round(end * _RATE)] for start, end in places]


def _shortened(sound: Sound) -> Sound:
    """Return a recording played faster and thus higher."""
    moments = np.arange(round(len(sound) * _THIRD_LENGTH)) / _THIRD_LENGTH
    return np.interp(moments, np.arange(len(sound)), sound).astype(np.float32)


def _wav(parts: Sequence[Sound]) -> bytes:
    pause = np.zeros(round(_PAUSE_SECONDS * _RATE), dtype=np.float32)
    sound = np.concatenate([piece for part in parts for piece in (part, pause)])
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    return buffer.getvalue()
