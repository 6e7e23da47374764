"""Long conversations for the benchmark of parts, composed from short recordings of people.

A conversation has phases of some minutes in which a few people talk and the others rarely say
anything. Some people come late or leave early, and some turns begin before the last one ends. They
speak more often than there is speech of them. Whenever they do, other words are cut from it, played
a little faster or slower and at another level, so that no sound occurs twice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import signal

from bench.speakers_conditions import CONDITIONS
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples

Half = Literal["tuning", "held-out"]
HALVES: tuple[Half, ...] = ("tuning", "held-out")
#: (start, end, speaker), in seconds.
Turns = tuple[tuple[float, float, str], ...]

#: Shortest and longest turn, and longest phase, in seconds.
_SHORTEST, _LONGEST = 0.8, 15.0
_PHASE = (60.0, 360.0)
#: Share of turns that begin before the last one has ended, and by how much at most, in seconds.
_INTERRUPTIONS, _EARLIER = 0.15, 1.5
#: Share of turns by somebody who is not active in a phase.
_OTHERS = 0.04
#: Everybody has this level (root mean square).
_LEVEL = 0.05
_FADE = SAMPLE_RATE // 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How a conversation is composed: length in minutes, people, recording condition."""

    name: str
    half: Half
    minutes: float
    people: int
    condition: str
    seed: int


#: People of the two halves are different.
PLANS = (
    Plan(name="20 min, 4 people", half="tuning", minutes=20, people=4, condition="room", seed=1),
    Plan(name="25 min, 9 people", half="tuning", minutes=25, people=9, condition="noise", seed=2),
    Plan(name="24 min, 6 people", half="held-out", minutes=24, people=6, condition="noise", seed=3),
    Plan(
        name="40 min, 10 people", half="held-out", minutes=40, people=10, condition="room", seed=4
    ),
    Plan(name="30 min, 3 people", half="held-out", minutes=30, people=3, condition="codec", seed=5),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """A recording (mono, 16 kHz) with its turns."""

    name: str
    samples: Samples
    turns: Turns


def people_in(data: Path) -> dict[str, Samples]:
    """Return the speech of each person: files `<speaker>-<chapter>-<number>.flac` below `data`."""
    files: dict[str, list[Path]] = {}
    for place in ("utterances", "strangers"):
        for file in sorted((data / place).glob("*-*-*.flac")):
            files.setdefault(file.name.split("-")[0], []).append(file)
    return {
        name: np.concatenate([_leveled(read_window(path, 0.0, 3600.0)) for path in paths])
        for name, paths in sorted(files.items())
    }


def compose(plan: Plan, people: Mapping[str, Samples]) -> Conversation:
    """Compose a conversation of people of its half."""
    random = np.random.default_rng(plan.seed)
    names = _chosen(plan, people, random)
    length = round(plan.minutes * 60 * SAMPLE_RATE)
    sound = np.zeros(length, dtype=np.float32)
    present = {name: _presence(number, plan.minutes, random) for number, name in enumerate(names)}
    # Some talk more than others.
    eagerness = {name: float(random.uniform(0.3, 1.0)) for name in names}
    active: list[str] = []
    phase_end = at = 0.0
    last = ""
    turns: list[tuple[float, float, str]] = []
    while True:
        if at >= phase_end:
            phase_end = at + float(random.uniform(*_PHASE))
            here = [name for name in names if present[name][0] <= at < present[name][1]]
            count = min(len(here), int(random.integers(2, 5)))
            active = [str(name) for name in random.choice(here, count, replace=False)]
        name = _speaker(names, active, eagerness, last, random)
        said = _words(people[name], random)
        interrupts = bool(turns) and random.random() < _INTERRUPTIONS
        gap = -random.uniform(0.2, _EARLIER) if interrupts else random.uniform(0.1, 0.9)
        begin = max(0, round((at + float(gap)) * SAMPLE_RATE))
        if begin + len(said) > length:
            break
        sound[begin : begin + len(said)] += said
        at = max(at, (begin + len(said)) / SAMPLE_RATE)
        turns.append((begin / SAMPLE_RATE, (begin + len(said)) / SAMPLE_RATE, name))
        last = name
    blocks = np.array_split(sound, max(1, round(plan.minutes / 5)))
    made = [CONDITIONS[plan.condition](block, np.random.default_rng(plan.seed)) for block in blocks]
    samples = np.clip(np.concatenate(made), -1.0, 1.0).astype(np.float32)
    return Conversation(name=plan.name, samples=samples, turns=tuple(turns))


def _chosen(plan: Plan, people: Mapping[str, Samples], random: np.random.Generator) -> list[str]:
    """Return people of the half, half of them among those with the most speech."""
    parity = 0 if plan.half == "tuning" else 1
    ranked = sorted(people, key=lambda name: (-len(people[name]), name))[parity::2]
    rich = min(3, plan.people // 2)
    others = random.choice(ranked[rich:], plan.people - rich, replace=False)
    return [*ranked[:rich], *(str(name) for name in others)]


def _presence(number: int, minutes: float, random: np.random.Generator) -> tuple[float, float]:
    """Return from when to when somebody takes part. The first two stay all the time."""
    begin, end = 0.0, math.inf
    if number >= 2 and random.random() < 0.5:
        middle = float(random.uniform(0.25, 0.75)) * minutes * 60
        begin, end = (middle, end) if random.random() < 0.5 else (begin, middle)
    return begin, end


def _speaker(
    names: Sequence[str],
    active: Sequence[str],
    eagerness: Mapping[str, float],
    last: str,
    random: np.random.Generator,
) -> str:
    pool = names if random.random() < _OTHERS else active
    others = [name for name in pool if name != last] or list(pool)
    weights = np.array([eagerness[name] for name in others])
    return str(random.choice(others, p=weights / weights.sum()))


def _words(speech: Samples, random: np.random.Generator) -> Samples:
    """Return a stretch of somebody's speech, a little faster or slower."""
    wanted = float(np.exp(random.uniform(np.log(_SHORTEST), np.log(_LONGEST))))
    count = min(len(speech), round(wanted * SAMPLE_RATE))
    first = int(random.integers(0, len(speech) - count + 1))
    speed = int(random.integers(95, 106))
    said = signal.resample_poly(speech[first : first + count], 100, speed)
    said = said * 10 ** (float(random.uniform(-4, 4)) / 20)
    ramp = np.linspace(0.0, 1.0, _FADE)
    said[:_FADE] *= ramp
    said[-_FADE:] *= ramp[::-1]
    return np.asarray(said, dtype=np.float32)


def _leveled(speech: npt.NDArray[np.float32]) -> Samples:
    frames = speech[: len(speech) // 512 * 512].reshape(-1, 512)
    powers = np.sort(np.mean(frames**2, axis=1))[len(frames) // 3 :]
    return np.asarray(speech * (_LEVEL / np.sqrt(powers.mean())), dtype=np.float32)
