"""Calibration of the voice space bundled with the speakers service.

    python -m bench.speakers_calibration --data DIR

The space is fitted on all people in DIR. Its recall is measured on people held out from fitting
(see `speakers_recognition`).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench.speakers_corpus import Corpus, arguments, load
from bench.speakers_fit import FAMILIES, fit
from bench.speakers_recognition import folds
from bench.speakers_simulation import Setting, Simulation
from speakers.domain.matching import MatchPolicy

TARGET = Path("services/speakers/src/speakers/voice_spaces/campplus-zh-en-common.json")
ABOUT = (
    "Fitted by bench/speakers_calibration.py on {people} people reading English (LibriSpeech, "
    "CC BY 4.0), heard as recorded and through a simulated room, noise, a codec and a telephone. "
    "recall: share of voices with 5 s of speech named correctly among 20 profiles, in "
    "wideband, telephone and mixed recordings alike, by spaces fitted on other people."
)
_PROFILES = 20
_HEARD_SECONDS = 5
_RECORDINGS = 150


def main() -> None:
    """Fit and measure the space, and write its file."""
    parser = arguments("Create the voice space bundled with the speakers service.")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    corpus = load(options)
    space = fit(corpus, corpus.speakers)
    assert space.center is not None
    assert space.nuisance is not None
    odds = space.log_odds
    stored: dict[str, Any] = {
        "model": corpus.model,
        "versions": [corpus.model_version],
        "about": ABOUT.format(people=len(corpus.speakers)),
        "log_odds": {
            "offset": round(odds.offset, 3),
            "similarity": round(odds.similarity, 3),
        },
        "recall": recall(corpus),
        "centre": np.round(space.center, 5).tolist(),
        "nuisance": np.round(space.nuisance, 5).tolist(),
    }
    options.target.write_text(json.dumps(stored) + "\n")
    print(json.dumps({key: stored[key] for key in ("versions", "log_odds", "recall")}, indent=1))


def recall(corpus: Corpus) -> list[tuple[float, float]]:
    """Return pairs (seconds enrolled, share named correctly), never decreasing. See `ABOUT`."""
    points: list[tuple[float, float]] = []
    for seconds in (2, 5, 10, 20):
        rights = voices = 0
        for seed, people, known in folds(corpus):
            simulation = Simulation(corpus, known, people, MatchPolicy(), seed)
            for name in FAMILIES:
                setting = Setting(
                    profiles=_PROFILES,
                    enrolled_seconds=seconds,
                    heard_seconds=_HEARD_SECONDS,
                    family=name,
                )
                tally = simulation.run(setting, _RECORDINGS)
                rights += tally.known["right"]
                voices += tally.known.total()
        share = rights / voices
        points.append((float(seconds), round(max([share, *(s for _, s in points)]), 3)))
    return points


if __name__ == "__main__":
    main()
