"""Conversations of real voices, one per channel, with echoes of the other party."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from bench.speakers_conditions import clean, codec, telephone
from common.audio.decoding import read_window
from common.audio.windows import quietest

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 16_000
#: Levels of echoes against the original, in decibels.
LEVELS = (-6.0, -12.0, -20.0, -30.0, -40.0)
#: Delays of echoes, in seconds.
DELAYS = (0.0, 0.01, 0.04, 0.08, 0.15, 0.25, 0.4)
#: Processing of a party's voice on its way to the other party.
PATHS = {"clean": clean, "telephone": telephone, "codec": codec}
#: Mixtures of each conversation.
MIXTURES = 4
#: Length of the pieces into which long utterances are cut, in seconds.
_PIECE_SECONDS = 4.5
#: Share of turns that begin before the other party has finished.
_OVERLAPPING = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """Echo of one party in the other's channel.

    `level` is in decibels against the original, `delay` and the reverberation time `room` are in
    seconds.
    """

    level: float
    delay: float
    room: float
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """Two parties without echoes: their sound, and when each speaks (seconds)."""

    name: str
    parties: tuple[Samples, Samples]
    turns: tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mixture:
    """Two channels, and the echo in each of the other."""

    name: str
    channels: tuple[Samples, Samples]
    echoes: tuple[Echo | None, Echo | None]


def conversations(directory: Path, *, seed: int = 11) -> Iterator[Conversation]:
    """Yield conversations of all pairs of recordings in a directory, each voice once."""
    random = np.random.default_rng(seed)
    files = sorted(directory.glob("*.flac"))
    order = random.permutation(len(files))
    for number in range(len(files) // 2):
        pair = [files[place] for place in order[2 * number : 2 * number + 2]]
        said = [pieces(read_window(file, 0.0, 60.0)) for file in pair]
        yield _conversation(f"{number:02}", said, np.random.default_rng([seed, number]))


def mixtures(conversation: Conversation) -> Iterator[Mixture]:
    """Yield the conversation without echoes, then with random ones in one channel or in both."""
    random = np.random.default_rng([int(conversation.name), 5])
    yield _mixture(conversation, "clean", (None, None), random)
    for number in range(MIXTURES):
        both = random.random() < 0.4
        echoes = (_draw(random) if both else None, _draw(random))
        yield _mixture(conversation, f"echo{number}", echoes, random)


def pieces(sound: Samples, longest: float = _PIECE_SECONDS) -> list[Samples]:
    """Cut an utterance in its quietest moments, to about `longest` seconds."""
    found: list[Samples] = []
    size = round(longest * SAMPLE_RATE)
    while len(sound) > 1.5 * size:
        half = size // 2
        cut = half + quietest(sound[half:size])
        found.append(sound[:cut])
        sound = sound[cut:]
    return [*found, sound]


def _conversation(
    name: str, pieces: Sequence[list[Samples]], random: np.random.Generator
) -> Conversation:
    turns: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    placed: tuple[list[tuple[int, Samples]], list[tuple[int, Samples]]] = ([], [])
    clock = 0.5
    for number in range(max(len(own) for own in pieces)):
        for party in (0, 1):
            if number >= len(pieces[party]):
                continue
            sound = pieces[party][number]
            length = len(sound) / SAMPLE_RATE
            overlap = turns[1 - party] and random.random() < _OVERLAPPING
            gap = -random.uniform(0.3, 1.5) if overlap else random.uniform(0.2, 1.0)
            own_end = turns[party][-1][1] + 0.2 if turns[party] else 0.0
            start = max(own_end, clock + gap)
            turns[party].append((start, start + length))
            placed[party].append((round(start * SAMPLE_RATE), sound))
            clock = max(clock, start + length)
    total = round((clock + 1.0) * SAMPLE_RATE)
    sounds = []
    for party in (0, 1):
        whole = np.zeros(total, dtype=np.float32)
        for begin, sound in placed[party]:
            whole[begin : begin + len(sound)] += sound
        sounds.append(whole * 10 ** (random.uniform(-10, 0) / 20))
    return Conversation(
        name=name, parties=(sounds[0], sounds[1]), turns=(tuple(turns[0]), tuple(turns[1]))
    )


def _draw(random: np.random.Generator) -> Echo:
    return Echo(
        level=float(random.choice(LEVELS)),
        delay=float(random.choice(DELAYS)),
        room=float(random.choice([0.0, random.uniform(0.15, 0.6)])),
        path=str(random.choice(list(PATHS))),
    )


def _mixture(
    conversation: Conversation,
    name: str,
    echoes: tuple[Echo | None, Echo | None],
    random: np.random.Generator,
) -> Mixture:
    channels = []
    for party in (0, 1):
        own, other = conversation.parties[party], conversation.parties[1 - party]
        floor = 10 ** (random.uniform(-75, -55) / 20)
        channel = own + floor * random.standard_normal(len(own)).astype(np.float32)
        echo = echoes[party]
        if echo is not None:
            channel = channel + echoed(other, echo, random)
        channels.append(np.clip(channel, -1.0, 1.0).astype(np.float32))
    return Mixture(
        name=f"{conversation.name}-{name}", channels=(channels[0], channels[1]), echoes=echoes
    )


def echoed(sound: Samples, echo: Echo, random: np.random.Generator) -> Samples:
    """Return a voice as it arrives in the other party's channel."""
    heard = PATHS[echo.path](sound, random)
    heard = np.pad(heard, (0, max(0, len(sound) - len(heard))))[: len(sound)]
    if echo.room:
        heard = _in_room(heard, echo.room, random)
    loudness = np.sqrt(np.mean(sound**2)) * 10 ** (echo.level / 20)
    heard = heard * loudness / max(1e-9, float(np.sqrt(np.mean(heard**2))))
    delay = round(echo.delay * SAMPLE_RATE)
    return np.concatenate([np.zeros(delay), heard])[: len(sound)].astype(np.float32)


def _in_room(sound: Samples, decay: float, random: np.random.Generator) -> Samples:
    length = int(decay * SAMPLE_RATE)
    tail = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: SAMPLE_RATE // 500] = 0
    tail *= 10 ** (-random.uniform(0, 6) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1
    heard: Samples = signal.fftconvolve(sound, tail)[: len(sound)].astype(np.float32)
    return heard
