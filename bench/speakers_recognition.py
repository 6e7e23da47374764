"""Verification and recognition of voices, measured on people held out from fitting.

    python -m bench.speakers_recognition --data DIR [--write FILE]

People are split into two halves. A voice space is fitted on each half and evaluated on the other,
with two different splits. With --write, the figures replace the part between the marks in FILE.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.speakers_corpus import Corpus, arguments, load
from bench.speakers_fit import (
    FAMILIES,
    Trials,
    cost,
    equal_error_rate,
    fit,
    similarities,
    trials,
)
from bench.speakers_report import WRITE_HELP, replace_part, table
from bench.speakers_simulation import Setting, Simulation, Tally
from speakers.domain.matching import MatchPolicy
from speakers.domain.voice_space import VoiceSpace

_SPLITS = 2
_RECORDINGS = 100
_PROFILES = (1, 5, 20, 30)
_RAW_SECONDS = 5
_HEARD = (2, 5, 10, 20)


def folds(corpus: Corpus) -> Iterator[tuple[int, list[str], VoiceSpace]]:
    """Yield (number, people for evaluation, space fitted on the others)."""
    people = np.array(corpus.speakers)
    for split in range(_SPLITS):
        order = np.random.default_rng(split).permutation(people)
        middle = len(order) // 2
        halves = (order[:middle].tolist(), order[middle:].tolist())
        for number, (tried, known) in enumerate((halves, halves[::-1])):
            yield 2 * split + number, tried, fit(corpus, known)


def main() -> None:
    """Measure and print the tables."""
    parser = arguments("Measure how well voices are recognized.")
    parser.add_argument("--write", type=Path, help=WRITE_HELP)
    options = parser.parse_args()
    corpus = load(options)
    everybody = list(folds(corpus))
    text = "\n\n".join(
        (
            "### Raw voiceprints\n\n" + raw_similarity(corpus),
            "### One voice against another\n\n" + verification(corpus, everybody),
            "### Recordings against profiles\n\n" + recordings(corpus, everybody),
            "### Calibration of probabilities\n\n" + calibration(corpus, everybody),
        )
    )
    print(text)
    if options.write:
        replace_part(options.write, "recognition", text)


Folds = Sequence[tuple[int, list[str], VoiceSpace]]


def raw_similarity(corpus: Corpus) -> str:
    """Return a table with cosines of unprocessed voiceprints, over all pairs of people."""
    everything = trials(corpus, corpus.speakers)
    rows = []
    for name in FAMILIES:
        pairs = _only(corpus, everything, name, _RAW_SECONDS)
        raw = np.einsum("nd,nd->n", corpus.vectors[pairs.first], corpus.vectors[pairs.second])
        figures = (
            np.median(raw[pairs.same]),
            np.median(raw[~pairs.same]),
            np.quantile(raw[~pairs.same], 0.999),
        )
        rows.append([name, f"{_RAW_SECONDS} s", *(f"{value:.2f}" for value in figures)])
    heads = [
        "recordings", "speech", "cosine, one person: median", "two people: median",
        "two people: 99.9th percentile",
    ]  # fmt: skip
    return table(heads, rows)


def verification(corpus: Corpus, everybody: Folds) -> str:
    """Return a table with equal error rates by family and shorter speech."""
    rows = []
    for name in FAMILIES:
        for seconds in (2, 5):
            plain, spaced, bits = [], [], []
            for _, people, space in everybody:
                pairs = _only(corpus, trials(corpus, people), name, seconds)
                raw = np.einsum(
                    "nd,nd->n", corpus.vectors[pairs.first], corpus.vectors[pairs.second]
                )
                plain.append(equal_error_rate(raw, pairs))
                values = similarities(corpus, space, pairs)
                spaced.append(equal_error_rate(values, pairs))
                bits.append(cost(space.log_odds, values, pairs))
            rows.append(
                [
                    name,
                    f"{seconds} s",
                    f"{100 * np.mean(plain):.2f} %",
                    f"{100 * np.mean(spaced):.2f} %",
                    f"{np.mean(bits):.3f}",
                ]
            )
    return table(["recordings", "speech", "EER, raw cosine", "EER, voice space", "Cllr"], rows)


def recordings(corpus: Corpus, everybody: Folds) -> str:
    """Return a table with recognition rates by number of profiles and length of speech."""
    rows = []
    for name in FAMILIES:
        for profiles in _PROFILES:
            for heard in _HEARD:
                tally = _run(corpus, everybody, _setting(name, profiles, heard))
                known, strangers = tally.known.total(), tally.strangers.total()
                if not known:
                    continue
                rows.append(
                    [
                        name,
                        str(profiles),
                        f"{heard} s",
                        _share(tally.known["right"], known),
                        _share(tally.known["missed"], known),
                        _share(tally.known["wrong"], known),
                        _share(tally.strangers["unknown"], strangers),
                        _share(tally.strangers["wrong"], strangers),
                        f"{known} / {strangers}",
                    ]
                )
    heads = [
        "recordings", "profiles", "speech", "known: correct", "known: missed", "known: wrong name",
        "stranger: unknown", "stranger: wrong name", "voices",
    ]  # fmt: skip
    return table(heads, rows)


def calibration(corpus: Corpus, everybody: Folds) -> str:
    """Return a table with the share of correct names by stated probability, from 0.5 up."""
    tally = Tally()
    for name in FAMILIES:
        for profiles in _PROFILES:
            for heard in (2, 5, 10):
                setting = _setting(name, profiles, heard)
                tally.add(_run(corpus, everybody, setting, threshold=0.5))
    claims = np.array(tally.claims)
    rows = []
    edges = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0001)
    for low, high in pairwise(edges):
        inside = claims[(claims[:, 0] >= low) & (claims[:, 0] < high)]
        if len(inside):
            stated, true = inside.mean(axis=0)
            rows.append([f"{100 * stated:.1f} %", f"{100 * true:.1f} %", str(len(inside))])
    return table(["stated probability", "correct", "names"], rows)


def _run(
    corpus: Corpus, everybody: Folds, setting: Setting, threshold: float = MatchPolicy().threshold
) -> Tally:
    tally = Tally()
    for seed, people, space in everybody:
        policy = MatchPolicy(threshold=threshold)
        tally.add(Simulation(corpus, space, people, policy, seed).run(setting, _RECORDINGS))
    return tally


def _setting(family: str, profiles: int, heard: int) -> Setting:
    return Setting(profiles=profiles, enrolled_seconds=5, heard_seconds=heard, family=family)


def _only(corpus: Corpus, pairs: Trials, family: str, seconds: int) -> Trials:
    """Return the pairs of one family with a given length of the shorter speech."""
    shorter = np.minimum(corpus.seconds[pairs.first], corpus.seconds[pairs.second])
    wanted = (pairs.family == family) & (shorter == seconds)
    return Trials(
        first=pairs.first[wanted],
        second=pairs.second[wanted],
        same=pairs.same[wanted],
        family=pairs.family[wanted],
        weight=pairs.weight[wanted],
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


if __name__ == "__main__":
    main()
