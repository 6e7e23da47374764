"""Gate: figures of a few recordings against those of quality-baseline.json.

    python -m bench.quality.gate [--update]

The recordings need no further files and take about a minute. Each is recognized at three levels,
and a figure is their median. It fails if it is worse than the baseline by more than its margin.
After an intended change, `--update` writes the new figures with the margins that are there.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.quality.corpus import NO_SPEECH, Case, small
from bench.quality.scores import Scores, heard_by_product, scores
from bench.quality.systems import Run, load
from bench.recordings import write_wav
from common.audio.decoding import read_window
from common.models.store import DEFAULT_MODEL_DIR, ModelStore

BASELINE = Path(__file__).with_name("quality-baseline.json")
#: Levels in dB that nobody tells apart. They change up to five of the 87 words of the telephone
#: call, and so do other processors.
_LEVELS = (0.0, -1.0, 1.0)
#: Margins of new figures: in points for rates, else in the unit of the name. A word of the
#: telephone call is 1.15 points, and processors and numbers of threads make a difference of two.
_MARGINS = {
    "wer": 4.6,
    "cpwer": 6.9,
    "tcpwer": 6.9,
    "der": 1.0,
    "jer": 2.0,
    "speakers_wrong": 0.0,
    "edge_median_ms": 80.0,
    "invented_words": 1.0,
}


def measure(recognizers: Mapping[str, Run], diarize: Run, work: Path) -> dict[str, float]:
    """Return the figures of the product by `system: recording: score`."""
    found: dict[str, float] = {}
    chosen = small(work)
    turns = {
        one.name: diarize(one.recording.audio, one.language) if one.recording.turns else None
        for one in chosen
    }
    levels = {one.name: _levels(one, work) for one in chosen}
    for system, recognize in recognizers.items():
        invented = 0.0
        for one in chosen:
            scored = []
            for audio in levels[one.name]:
                words = recognize(audio, one.language)
                scored.append(scores(one, heard_by_product(words, turns[one.name])))
            invented += scored[0]["invented_words"]
            if one.group != NO_SPEECH:
                found |= figures(system, one, scored)
        found[f"{system}: all recordings: invented_words"] = invented
    return found


def _levels(case: Case, work: Path) -> list[Path]:
    """Return files of a recording at each level, only itself if there is no speech."""
    if case.group == NO_SPEECH:
        return [case.recording.audio]
    sound = read_window(case.recording.audio, 0.0, case.seconds)
    found = []
    for number, level in enumerate(_LEVELS):
        found.append(work / f"{case.name}, level {number}.wav")
        louder = sound * np.float32(10 ** (level / 20))
        write_wav(str(found[-1]), np.clip(louder, -1.0, 1.0))
    return found


def figures(system: str, case: Case, scored: Sequence[Scores]) -> dict[str, float]:
    """Return the medians of the scores of a recording at all levels."""
    chosen = (name for name in _MARGINS if name in scored[0] and name != "invented_words")
    return {
        f"{system}: {case.name}: {name}": round(statistics.median(one[name] for one in scored), 2)
        for name in chosen
    }


def failures(found: Mapping[str, float], baseline: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return a line for each figure that is missing or worse than its margin allows."""
    lines = [f"{name} is not in the baseline." for name in found if name not in baseline]
    for name, allowed in baseline.items():
        most = allowed["value"] + allowed["margin"]
        if name not in found:
            lines.append(f"{name} was not measured.")
        elif found[name] > most + 1e-6:
            lines.append(f"{name} is {found[name]:.2f}, and at most {most:.2f} is allowed.")
    return lines


def updated(
    found: Mapping[str, float], baseline: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return a baseline with the figures found and the margins that are there."""
    return {
        name: {
            "value": round(value, 2),
            "margin": baseline.get(name, {}).get("margin", _margin(name)),
        }
        for name, value in found.items()
    }


def _margin(name: str) -> float:
    return _MARGINS[name.rpartition(": ")[2]]


def read() -> dict[str, dict[str, float]]:
    """Return the baseline."""
    found: dict[str, dict[str, float]] = json.loads(BASELINE.read_text())
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. The exit status is 1 after a failure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality.gate", description="Compare figures with the baseline."
    )
    parser.add_argument("--update", action="store_true", help="write the figures to the baseline")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    store = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
    recognizers = {
        "Whisper": load("product words", store),
        "Moonshine": load("product words, Moonshine", store),
    }
    with tempfile.TemporaryDirectory(prefix="securetranscribe-quality-") as work:
        found = measure(recognizers, load("product turns", store), Path(work))
    for name, value in found.items():
        print(f"{name}: {value:.2f}")
    if chosen.update:
        baseline = read() if BASELINE.is_file() else {}
        BASELINE.write_text(json.dumps(updated(found, baseline), indent=2) + "\n")
        return
    lines = failures(found, read())
    print(*lines, sep="\n", file=sys.stderr)
    if lines:
        sys.exit("The quality is worse than the baseline. If that is intended, run with --update.")


if __name__ == "__main__":
    main()
