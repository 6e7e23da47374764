"""Joint assignment of the voices of a recording to profiles, at most one voice per profile.

Each voice belongs to one of the known profiles or to an unknown person. A priori, a voice is known
with probability `known_prior`, spread evenly over all profiles. The more profiles there are, the
more similar a voice has to be, because more strangers will resemble one of them. Calibrated log
odds turn the prior into a probability per profile and for an unknown person. The assignment
maximizes the joint probability of all voices.
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
    """Result of recognition for one voice."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    TOO_LITTLE_SPEECH = "too_little_speech"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A profile possibly matching a voice.

    `log_odds` is the natural logarithm of the likelihood ratio between one person and two people.
    """

    profile_id: int
    log_odds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredVoice:
    """A voice to be recognized and its scored candidates.

    `seconds` is the clean speech behind its voiceprint (0 without one). `candidates` are the
    nearest profiles, each at most once. `profiles` counts all profiles with voiceprints of this
    model.
    """

    label: str
    seconds: float
    candidates: tuple[Candidate, ...]
    profiles: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Match of one voice. `profile_id` and `confidence` (0 to 1) are 0 unless it is known."""

    label: str
    outcome: Outcome
    profile_id: int = 0
    confidence: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class MatchPolicy:
    """Thresholds of recognition.

    A voice with less clean speech than `min_seconds` is not matched. A profile is matched when its
    probability reaches `threshold`. `known_prior` is the prior probability of a known voice.
    """

    threshold: float = 0.8
    min_seconds: float = 2.0
    known_prior: float = 0.5


def match(voices: Sequence[ScoredVoice], policy: MatchPolicy) -> list[Match]:
    """Match all voices of one recording together. The result has the order of the voices."""
    enough = [voice for voice in voices if voice.seconds >= policy.min_seconds]
    found = {
        voice.label: result for voice, result in zip(enough, _assign(enough, policy), strict=True)
    }
    too_little = Outcome.TOO_LITTLE_SPEECH
    return [
        found.get(voice.label) or Match(label=voice.label, outcome=too_little) for voice in voices
    ]


def probabilities(voice: ScoredVoice, known_prior: float) -> dict[int, float]:
    """Return the probability per candidate. The remainder to 1 belongs to anybody else."""
    scores, nobody = _log_scores(voice, known_prior)
    highest = max([nobody, *scores.values()])
    total = math.fsum(math.exp(score - highest) for score in [nobody, *scores.values()])
    return {profile: math.exp(score - highest) / total for profile, score in scores.items()}


def _log_scores(voice: ScoredVoice, known_prior: float) -> tuple[dict[int, float], float]:
    """Return unnormalized log probabilities of the candidates, and of anybody else."""
    profiles = max(voice.profiles, len(voice.candidates), 1)
    each = known_prior / profiles
    # Profiles too far away to be candidates explain the voice no better than an unknown person.
    others = 1 - known_prior + each * (profiles - len(voice.candidates))
    scores = {item.profile_id: item.log_odds + math.log(each) for item in voice.candidates}
    return scores, math.log(others)


def _assign(voices: Sequence[ScoredVoice], policy: MatchPolicy) -> list[Match]:
    scored = [_log_scores(voice, policy.known_prior) for voice in voices]
    profiles = sorted({profile for scores, _ in scored for profile in scores})
    costs = _costs(scored, profiles)
    chosen = dict(zip(*(axis.tolist() for axis in linear_sum_assignment(costs)), strict=True))
    results = []
    for row, voice in enumerate(voices):
        profile = profiles[chosen[row]] if chosen[row] < len(profiles) else 0
        confidence = probabilities(voice, policy.known_prior).get(profile, 0.0)
        if profile and confidence >= policy.threshold:
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
    """Return the costs (voices, profiles + voices) of each profile, then of being unknown."""
    costs = np.full((len(scored), len(profiles) + len(scored)), _FORBIDDEN)
    column = {profile: number for number, profile in enumerate(profiles)}
    for row, (scores, nobody) in enumerate(scored):
        for profile, score in scores.items():
            costs[row, column[profile]] = -score
        costs[row, len(profiles) + row] = -nobody
    return costs
