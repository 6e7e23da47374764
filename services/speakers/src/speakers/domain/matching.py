"""Which voices of a recording are whose: all at once, no profile twice, and unknown is an answer.

Each voice is one of the known profiles or of nobody known. Before anything is heard, a voice is a
known one with the probability `known_prior`, spread evenly over all profiles: the more profiles
there are, the more alike a voice must be, because the more strangers will resemble one of them.
Calibrated log odds turn that into the probability of each profile and of nobody; the assignment
maximises the probability of all voices together.
"""

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

_FORBIDDEN = 1e9


class Outcome(enum.Enum):
    """What recognition made of a voice."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    TOO_LITTLE_SPEECH = "too_little_speech"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A profile that a voice may be.

    `log_odds` compares how well the likeness is explained by one and by two persons (natural
    logarithm of the likelihood ratio).
    """

    profile_id: int
    log_odds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """A voice to be recognised.

    `seconds` is the clean speech behind its voiceprint (0 without one), `candidates` the nearest
    profiles, each at most once, and `profiles` how many there are with such voiceprints at all.
    """

    label: str
    seconds: float
    candidates: tuple[Candidate, ...]
    profiles: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """What came of a voice. `profile_id` and `confidence` (0 to 1) are 0 unless it is known."""

    label: str
    outcome: Outcome
    profile_id: int = 0
    confidence: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Caution:
    """How sure recognition must be.

    A voice with less clean speech than `min_seconds` is not decided on; a profile is named when
    its probability reaches `threshold`.
    """

    threshold: float = 0.8
    min_seconds: float = 2.0
    known_prior: float = 0.5


def match(voices: Sequence[Heard], caution: Caution) -> list[Match]:
    """Decides on all voices of one recording together; the answer has their order."""
    enough = [voice for voice in voices if voice.seconds >= caution.min_seconds]
    found = {
        voice.label: result for voice, result in zip(enough, _assign(enough, caution), strict=True)
    }
    too_little = Outcome.TOO_LITTLE_SPEECH
    return [
        found.get(voice.label) or Match(label=voice.label, outcome=too_little) for voice in voices
    ]


def probabilities(voice: Heard, known_prior: float) -> dict[int, float]:
    """The probability of each candidate; what is missing to 1 is that of anybody else."""
    scores, nobody = _log_scores(voice, known_prior)
    highest = max([nobody, *scores.values()])
    total = math.fsum(math.exp(score - highest) for score in [nobody, *scores.values()])
    return {profile: math.exp(score - highest) / total for profile, score in scores.items()}


def _log_scores(voice: Heard, known_prior: float) -> tuple[dict[int, float], float]:
    """Unnormalised log probabilities of the candidates, and of anybody else."""
    profiles = max(voice.profiles, len(voice.candidates), 1)
    each = known_prior / profiles
    # Profiles too far away to be candidates explain the voice no better than a stranger does.
    others = 1 - known_prior + each * (profiles - len(voice.candidates))
    scores = {item.profile_id: item.log_odds + math.log(each) for item in voice.candidates}
    return scores, math.log(others)


def _assign(voices: Sequence[Heard], caution: Caution) -> list[Match]:
    scored = [_log_scores(voice, caution.known_prior) for voice in voices]
    profiles = sorted({profile for scores, _ in scored for profile in scores})
    costs = _costs(scored, profiles)
    chosen = dict(zip(*(axis.tolist() for axis in linear_sum_assignment(costs)), strict=True))
    results = []
    for row, voice in enumerate(voices):
        profile = profiles[chosen[row]] if chosen[row] < len(profiles) else 0
        confidence = probabilities(voice, caution.known_prior).get(profile, 0.0)
        if profile and confidence >= caution.threshold:
            results.append(
                Match(
                    label=voice.label,
                    outcome=Outcome.KNOWN,
                    profile_id=profile,
                    confidence=confidence,
                )
            )
        else:
            results.append(Match(label=voice.label, outcome=Outcome.UNKNOWN))
    return results


def _costs(
    scored: Sequence[tuple[dict[int, float], float]], profiles: Sequence[int]
) -> npt.NDArray[np.float64]:
    """(voices, profiles + voices): the cost of each profile, then of being unknown."""
    costs = np.full((len(scored), len(profiles) + len(scored)), _FORBIDDEN)
    column = {profile: number for number, profile in enumerate(profiles)}
    for row, (scores, nobody) in enumerate(scored):
        for profile, score in scores.items():
            costs[row, column[profile]] = -score
        costs[row, len(profiles) + row] = -nobody
    return costs
