"""Conversations of real voices, one array per person, for constructed recordings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.recordings import sample
from common.audio.decoding import read_window

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
_LEVEL = 0.05
_FADE = SAMPLE_RATE // 100
#: At least so many people are needed in each half.
_FEWEST = 4


def load(directory: Path | None) -> list[Samples]:
    """Return the speech of each person in a corpus, or in the telephone sample without one.

    The directory has recordings named `<speaker>-<chapter>-<number>.flac`.
    """
    files = sorted(directory.rglob("*-*-*.flac")) if directory else []
    people: dict[str, list[Path]] = {}
    for file in files:
        people.setdefault(file.name.split("-")[0], []).append(file)
    if len(people) < 2 * _FEWEST:
        return _sample_voices()
    return [
        np.concatenate([_leveled(read_window(path, 0.0, 3600.0)) for path in paths[:4]])
        for _, paths in sorted(people.items())
    ]


def _sample_voices() -> list[Samples]:
    """Return the two voices of the sample, in two more versions of other pitch each."""
    recording = sample()
    voices = []
    for speaker in sorted({speaker for _, _, speaker in recording.turns}):
        turns = [turn for turn in recording.turns if turn[2] == speaker and turn[1] - turn[0] > 1]
        speech = np.concatenate([read_window(recording.audio, *turn[:2]) for turn in turns])
        voices += [_leveled(_pitched(speech, ratio)) for ratio in (1.0, 0.9, 1.1, 1.2)]
    return voices


def _pitched(speech: Samples, ratio: float) -> Samples:
    places = np.arange(0, len(speech) - 1, ratio)
    values = np.interp(places, np.arange(len(speech)), speech)
    return np.asarray(values, dtype=np.float32)


def _leveled(speech: Samples) -> Samples:
    frames = speech[: len(speech) // 512 * 512].reshape(-1, 512)
    powers = np.sort(np.mean(frames**2, axis=1))[len(frames) // 3 :]
    return np.asarray(speech * (_LEVEL / np.sqrt(powers.mean())), dtype=np.float32)


class Conversations:
    """Conversations of people drawn at random from voices."""

    def __init__(self, voices: Sequence[Samples], random: np.random.Generator) -> None:
        self._voices = voices
        self.random = random

    def draw(
        self,
        people: int,
        seconds: float,
        *,
        overlap: float = 0.3,
        shares: Sequence[float] | None = None,
    ) -> Samples:
        """Return the speech of each person (people, samples), taking turns.

        A turn begins up to `overlap` seconds before the end of the last one, or up to 0.8 s after
        it. People speak in turns of 0.6 to 6 s, with a frequency of `shares`.
        """
        size = round(seconds * SAMPLE_RATE)
        speech = np.zeros((people, size), dtype=np.float32)
        streams = self._streams(people)
        weights = np.array(shares or [1.0] * people)
        place, last = self._samples(0.1, 0.6), -1
        while place < size - SAMPLE_RATE // 2:
            allowed = weights.copy()
            if people > 1 and self.random.random() < 0.8 and allowed.min() > 0.2:
                allowed[last] = 0 if last >= 0 else allowed[last]
            who = last = int(self.random.choice(people, p=allowed / allowed.sum()))
            piece = self._piece(streams[who])[: size - place]
            speech[who, place : place + len(piece)] += piece
            place = max(0, place + len(piece) + self._samples(-overlap, 0.8))
        return self._ensured(speech, streams)

    def at_once(self, people: int, seconds: float) -> Samples:
        """Return the speech of people all talking all the time."""
        size = round(seconds * SAMPLE_RATE)
        return np.stack([np.resize(stream, size) for stream in self._streams(people)])

    def _ensured(self, speech: Samples, streams: Sequence[Samples]) -> Samples:
        """Give each person without a turn one of two seconds."""
        size = speech.shape[1]
        for who in np.flatnonzero(~speech.any(axis=1)).tolist():
            place = int(self.random.integers(0, max(1, size - 3 * SAMPLE_RATE)))
            end = min(size, place + 2 * SAMPLE_RATE)
            speech[:, place:end] = 0
            speech[who, place:end] = streams[who][: end - place]
        return speech

    def _streams(self, people: int) -> list[Samples]:
        """Return the speech of different people, if there are enough, from any moment and level."""
        few = people > len(self._voices)
        chosen = self.random.choice(len(self._voices), people, replace=few)
        return [self._stream(self._voices[int(number)]) for number in np.atleast_1d(chosen)]

    def _stream(self, voice: Samples) -> Samples:
        level = 10 ** (self.random.uniform(-4, 4) / 20)
        return np.asarray(np.roll(voice, -int(self.random.integers(len(voice)))) * level)

    def _piece(self, stream: Samples) -> Samples:
        size = min(len(stream), self._samples(0.6, 6.0))
        start = int(self.random.integers(0, len(stream) - size + 1))
        piece = stream[start : start + size].copy()
        piece[:_FADE] *= np.linspace(0, 1, _FADE)
        piece[-_FADE:] *= np.linspace(1, 0, _FADE)
        return piece

    def _samples(self, least: float, most: float) -> int:
        return round(self.random.uniform(least, most) * SAMPLE_RATE)
