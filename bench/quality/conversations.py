"""Conversations composed of read English: so many people, so much of the time two at once.

Turns of the reference follow the level of the recordings before they are mixed: a pause within an
utterance is not speech.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.echo_corpus import pieces as cut
from bench.recordings import Utterance
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples

#: Everybody has this level (root mean square of speech), give or take so many decibels.
_LEVEL, _VARIATION = 0.05, 3.0
#: Pause between turns, in seconds.
_PAUSE = (0.2, 0.9)
#: Most of a turn that the next one covers.
_COVERED = 0.9
#: Turns cover each other by more than the share asked for, since they contain pauses.
_PAUSES = 1.3
#: Speech is at most so many decibels below the loudest tenth of its frames.
_SPEECH_RANGE = 30.0
#: Shorter pauses, and shorter sounds, do not interrupt a turn (seconds).
_SHORT_PAUSE, _SHORT_SOUND = 0.3, 0.06
_HOP = SAMPLE_RATE // 100
_LONG = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Something said by one person. `text` is empty where it is not known."""

    speaker: str
    samples: Samples
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a conversation is composed.

    `overlap` is the share of speech in which two people speak at once. `voices` are the people,
    by default drawn at random. `longest` is the length of turns in seconds, 0 for whole utterances.
    """

    name: str
    people: int
    overlap: float
    seconds: float
    seed: int
    longest: float = 0.0
    voices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A recording (mono, 16 kHz) with its utterances, and its turns as (start, end, speaker)."""

    samples: Samples
    utterances: tuple[Utterance, ...]
    turns: tuple[tuple[float, float, str], ...]

    @property
    def overlap(self) -> float:
        """Share of speech in which several people speak at once."""
        counts = np.zeros(len(self.samples) // _HOP + 1, dtype=np.int64)
        for start, end, _ in self.turns:
            counts[round(start * 100) : round(end * 100)] += 1
        return float((counts > 1).sum() / max(1, (counts > 0).sum()))


def readers(data: Path) -> dict[str, list[Piece]]:
    """Return utterances with their text by speaker: `utterances.json` and its recordings."""
    found: dict[str, list[Piece]] = {}
    for one in json.loads((data / "utterances.json").read_text()):
        sound = read_window(data / "utterances" / f"{one['id']}.flac", 0.0, _LONG)
        piece = Piece(speaker=one["speaker"], samples=leveled(sound), text=one["text"])
        found.setdefault(piece.speaker, []).append(piece)
    return found


def strangers(data: Path, longest: float) -> dict[str, list[Piece]]:
    """Return recordings without a text by speaker, cut in quiet moments to `longest` seconds."""
    return {
        name: [Piece(speaker=name, samples=one) for one in cut(sound, longest)]
        for name, sound in _strangers(data).items()
    }


@functools.cache
def _strangers(data: Path) -> dict[str, Samples]:
    files = sorted((data / "strangers").glob("*-*-*.flac"))
    return {file.name.split("-")[0]: leveled(read_window(file, 0.0, _LONG)) for file in files}


def compose(plan: Plan, people: Mapping[str, Sequence[Piece]]) -> Conversation:
    """Compose a conversation. Nothing is said twice, so it may be shorter than planned."""
    random = np.random.default_rng(plan.seed)
    names = list(plan.voices or random.choice(sorted(people), plan.people, replace=False))
    gains = {name: 10 ** (random.uniform(-_VARIATION, _VARIATION) / 20) for name in names}
    left = {
        name: [people[name][n] for n in random.permutation(len(people[name]))] for name in names
    }
    placed: list[tuple[float, Piece]] = []
    ends = dict.fromkeys(names, 0.0)
    last, clock, spoken, covered = "", 0.5, 0.0, 0.0
    while clock < plan.seconds:
        able = [name for name in names if left[name]]
        free = [name for name in able if name != last and ends[name] < clock] or able
        if not free:
            break
        # Everybody speaks soon.
        weights = np.array([len(left[name]) * (1 if ends[name] else 5) for name in free], float)
        name = str(random.choice(free, p=weights / weights.sum()))
        piece = left[name].pop()
        length = len(piece.samples) / SAMPLE_RATE
        start = clock + float(random.uniform(*_PAUSE))
        if placed and covered < _PAUSES * plan.overlap * spoken:
            last_length = len(placed[-1][1].samples) / SAMPLE_RATE
            most = _COVERED * min(length, last_length)
            start = max(ends[name] + 0.1, clock - float(random.uniform(0.5, 1.0)) * most)
        spoken += length - max(0.0, clock - start)
        covered += max(0.0, clock - start)
        placed.append((start, piece))
        ends[name] = start + length
        last, clock = name, max(clock, ends[name])
    return _mixed(placed, gains, clock + 0.5)


def _mixed(
    placed: Sequence[tuple[float, Piece]], gains: Mapping[str, float], seconds: float
) -> Conversation:
    sound = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    utterances: list[Utterance] = []
    turns: list[tuple[float, float, str]] = []
    for start, piece in placed:
        first = round(start * SAMPLE_RATE)
        sound[first : first + len(piece.samples)] += (
            np.float32(gains[piece.speaker]) * piece.samples
        )
        parts = speech(piece.samples)
        turns += [(start + begin, start + end, piece.speaker) for begin, end in parts]
        if piece.text:
            utterances.append(
                Utterance(
                    start=start + parts[0][0],
                    end=start + parts[-1][1],
                    speaker=piece.speaker,
                    text=piece.text,
                )
            )
    return Conversation(
        samples=np.clip(sound, -1.0, 1.0),
        utterances=tuple(sorted(utterances, key=lambda one: one.start)),
        turns=tuple(sorted(turns)),
    )


def speech(sound: Samples) -> list[tuple[float, float]]:
    """Return where somebody speaks in a clean recording (seconds), at least one stretch."""
    levels = _levels(sound)
    loud = levels > np.quantile(levels, 0.9) - _SPEECH_RANGE
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    found: list[list[float]] = []
    for first, last in zip(edges[::2] / 100, edges[1::2] / 100, strict=True):
        if found and first - found[-1][1] < _SHORT_PAUSE:
            found[-1][1] = last
        else:
            found.append([first, last])
    kept = [(start, end) for start, end in found if end - start >= _SHORT_SOUND]
    return kept or [(0.0, len(sound) / SAMPLE_RATE)]


def leveled(sound: Samples) -> Samples:
    """Return the sound with its speech at the usual level."""
    levels = _levels(sound)
    loud = levels[levels > np.quantile(levels, 0.9) - _SPEECH_RANGE]
    rms = np.sqrt(np.mean(10 ** (loud / 10)))
    return np.asarray(sound * (_LEVEL / max(rms, 1e-9)), dtype=np.float32)


def _levels(sound: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the power of frames of 10 ms, in decibels."""
    frames = sound[: len(sound) // _HOP * _HOP].astype(np.float64).reshape(-1, _HOP)
    return np.asarray(10 * np.log10(np.mean(frames**2, axis=1) + 1e-10))
