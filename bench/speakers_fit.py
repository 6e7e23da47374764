"""Fit of a voice space on some people of the corpus, for evaluation on others."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from bench.speakers_conditions import CONDITIONS, TELEPHONE
from bench.speakers_corpus import FIRST, SECOND, Corpus
from speakers.domain.voice_space import LogOdds, VoiceSpace

Floats = npt.NDArray[np.float64]

#: Number of directions projected out. More of them gain nothing on people held out from fitting.
NUISANCE_DIRECTIONS = 4
#: Share of pairs that are wideband on both sides, telephone on both sides, and one of each.
FAMILIES = {"wideband": 0.6, "telephone": 0.25, "mixed": 0.15}
#: The telephone changes a voice most but is only one of six conditions.
_TELEPHONE_WEIGHT = 3.0
_SOLID_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Pairs of a voiceprint of a first half and one of a second half. All arrays are (n,).

    `first` and `second` are rows of the corpus. `same` is true for pairs of one person. `weight`
    balances conditions and lengths according to `FAMILIES`, independent of their number.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]
    family: npt.NDArray[np.str_]
    weight: Floats


def family(one: str, other: str) -> str:
    """Return the key in `FAMILIES` of a pair of conditions."""
    telephones = (one == TELEPHONE) + (other == TELEPHONE)
    return ("wideband", "mixed", "telephone")[telephones]


def fit(corpus: Corpus, people: Collection[str]) -> VoiceSpace:
    """Fit a voice space on these people only. Its recall is not measured."""
    center, nuisance = directions(corpus, people)
    blank = LogOdds(offset=0.0, similarity=0.0)
    space = VoiceSpace(
        digest="fitted",
        log_odds=blank,
        recall_points=((2.0, 1.0),),
        center=center,
        nuisance=nuisance,
    )
    pairs = trials(corpus, people)
    odds = _logistic(similarities(corpus, space, pairs), pairs)
    return VoiceSpace(
        digest="fitted",
        log_odds=odds,
        recall_points=((2.0, 1.0),),
        center=center,
        nuisance=nuisance,
    )


def directions(corpus: Corpus, people: Collection[str]) -> tuple[Floats, Floats]:
    """Return the center (d,) of voices, and the directions (k, d) in which recordings differ."""
    wanted = np.isin(corpus.speaker, list(people)) & (corpus.seconds >= _SOLID_SECONDS)
    groups = [wanted & (corpus.condition == name) for name in CONDITIONS]
    center = np.mean([corpus.vectors[group].mean(axis=0) for group in groups], axis=0)
    places = _units(corpus.vectors - center)
    index = corpus.index()
    moves = []
    for (who, part, condition, seconds), row in index.items():
        origin = index.get((who, part, "clean", seconds))
        if wanted[row] and condition != "clean" and origin is not None:
            weight = _TELEPHONE_WEIGHT if condition == TELEPHONE else 1.0
            moves.append(np.sqrt(weight) * (places[row] - places[origin]))
    _, _, principal = np.linalg.svd(np.array(moves), full_matrices=False)
    return center, principal[:NUISANCE_DIRECTIONS]


def trials(corpus: Corpus, people: Collection[str]) -> Trials:
    """Return all pairs of a first and a second half of these people."""
    wanted = np.isin(corpus.speaker, list(people))
    firsts = np.flatnonzero(wanted & (corpus.part == FIRST))
    seconds = np.flatnonzero(wanted & (corpus.part == SECOND))
    first, second = (axis.ravel() for axis in np.meshgrid(firsts, seconds, indexing="ij"))
    same = corpus.speaker[first] == corpus.speaker[second]
    conditions = list(CONDITIONS)
    code = np.array([conditions.index(name) for name in corpus.condition])
    families = np.array([[family(a, b) for b in conditions] for a in conditions])
    kind = families[code[first], code[second]]
    key = ((code[first] * 10 + code[second]) * 100 + corpus.seconds[first]) * 100
    weight = _balanced(key + corpus.seconds[second], same, kind)
    return Trials(first=first, second=second, same=same, family=kind, weight=weight)


def similarities(corpus: Corpus, space: VoiceSpace, pairs: Trials) -> Floats:
    """Return the cosine of each pair in a space."""
    places = np.array([space.place(vector) for vector in corpus.vectors.astype(np.float32)])
    return np.asarray(np.einsum("nd,nd->n", places[pairs.first], places[pairs.second]))


def cost(odds: LogOdds, similarity: Floats, pairs: Trials) -> float:
    """Return the cost of the log odds (Cllr) in bits, from 0 (perfect) to 1 (useless)."""
    values = odds.offset + odds.similarity * similarity
    same, other = pairs.same, ~pairs.same
    missed = np.average(np.logaddexp(0, -values[same]), weights=pairs.weight[same])
    false = np.average(np.logaddexp(0, values[other]), weights=pairs.weight[other])
    return float((missed + false) / 2 / np.log(2))


def equal_error_rate(scores: Floats, pairs: Trials) -> float:
    """Return the error rate at the threshold with equally frequent misses and false alarms."""
    order = np.argsort(scores, kind="stable")
    same, weight = pairs.same[order], pairs.weight[order]
    missed = np.cumsum(weight * same) / weight[same].sum()
    false = 1 - np.cumsum(weight * ~same) / weight[~same].sum()
    at = int(np.argmin(np.abs(missed - false)))
    return float((missed[at] + false[at]) / 2)


def _balanced(
    key: npt.NDArray[np.int64], same: npt.NDArray[np.bool_], kind: npt.NDArray[np.str_]
) -> Floats:
    """Return weights with a sum of 1 over pairs of one person, and of 1 over pairs of two."""
    _, group = np.unique(key, return_inverse=True)
    weight = np.zeros(len(key))
    for chosen in (same, ~same):
        sizes = np.bincount(group[chosen], minlength=int(group.max()) + 1)
        weight[chosen] = 1 / sizes[group[chosen]]
        for name, share in FAMILIES.items():
            members = chosen & (kind == name)
            weight[members] *= share / weight[members].sum()
    return weight


def _logistic(similarity: Floats, pairs: Trials) -> LogOdds:
    """Fit a logistic regression in which pairs of one person and of two have equal weight."""
    inputs = np.stack([np.ones_like(similarity), similarity], axis=1)
    sign = np.where(pairs.same, 1.0, -1.0)

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        margin = sign * (inputs @ coefficients)
        value = np.sum(pairs.weight * np.logaddexp(0, -margin))
        slope = -(inputs.T @ (pairs.weight * sign * _sigmoid(-margin)))
        return float(value), slope

    found = minimize(loss, np.zeros(2), jac=True, method="BFGS")
    return LogOdds(offset=float(found.x[0]), similarity=float(found.x[1]))


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -values)))


def _units(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
