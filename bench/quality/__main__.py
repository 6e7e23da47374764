"""Quality of transcripts on public recordings.

    python -m bench.quality [--data DIR] [--peer PYTHON] [--resume] [--score] [--write]

Measures WER, cpWER, tcpWER, DER, JER, numbers of speakers, invented words, times of words, speed
and memory of the product next to plain scripts with the same models, and next to the diarization of
Senko, if PYTHON belongs to an environment with its package. Every system runs in a process of its
own with one thread, one after the other.
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality import report
from bench.quality.corpus import Case, cases
from bench.quality.scores import Scores, heard_by_product, heard_by_script, scores
from bench.quality.systems import PEER, TURNS, WORDS, output, read, run

RESULTS = Path(__file__).with_name("results.json")
#: Most load of other programs, per core, at which speed is published.
_QUIET = 0.25


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description="Measure the quality of transcripts."
    )
    parser.add_argument("--data", type=Path, help="directory with recordings and voices")
    parser.add_argument("--peer", type=Path, help="Python of an environment with senko 0.2.2")
    parser.add_argument("--work", type=Path, default=Path("build/quality"), help="files in between")
    parser.add_argument("--resume", action="store_true", help="keep outputs that are there")
    parser.add_argument("--score", action="store_true", help="only score outputs that are there")
    parser.add_argument("--write", action="store_true", help="update docs/quality.md")
    chosen = parser.parse_args(arguments)
    found = cases(chosen.work, chosen.data)
    systems = (*WORDS, *TURNS, *((PEER,) if chosen.peer else ()))
    machine = {"cores": os.cpu_count() or 1, "quiet": False}
    if not chosen.score:
        machine |= run_all(systems, found, chosen.work, peer=chosen.peer, resume=chosen.resume)
    results = measure({name: read(name, chosen.work) for name in systems}, found) | {
        "machine": machine
    }
    if chosen.write:
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        report.write(results)
    print("\n\n".join(report.tables(results)))


def run_all(
    systems: Sequence[str], found: Sequence[Case], work: Path, *, peer: Path | None, resume: bool
) -> dict[str, Any]:
    """Run all systems. Return the load of other programs, and whether that was little."""
    loads: list[float] = []
    for number, system in enumerate(systems):
        # From the second system on, one thread of the run is part of the load.
        loads.append(os.getloadavg()[0] - (number > 0))
        if not resume:
            output(system, work).unlink(missing_ok=True)
        chosen = _recordings_of(system, found)
        run(system, chosen, work, peer=peer if system == PEER else None)
    most = max(loads)
    # Outputs of an earlier run have unknown loads.
    return {"load": most, "quiet": not resume and most <= _QUIET * (os.cpu_count() or 1)}


def measure(raw: Mapping[str, Mapping[str, Any]], found: Sequence[Case]) -> dict[str, Any]:
    """Return the scores of outputs by system and recording, and the time and memory they took."""
    names = ("plain", "product", "product, Moonshine", *((PEER,) if raw.get(PEER) else ()))
    return {
        "cases": [_described(case) for case in found],
        "systems": {name: _resources(one) for name, one in raw.items() if one},
        "scores": {
            name: {case.name: one for case in found if (one := _scores(name, case, raw))}
            for name in names
        },
    }


def _recordings_of(system: str, found: Sequence[Case]) -> list[Case]:
    """Return the recordings a system is run on. Moonshine knows only English."""
    if system in WORDS:
        english = system == "product words, Moonshine"
        return [one for one in found if one.words and (one.language == "en" or not english)]
    return [one for one in found if one.recording.turns]


def _scores(name: str, case: Case, raw: Mapping[str, Mapping[str, Any]]) -> Scores:
    by, _, engine = name.partition(", ")
    script = name in ("plain", PEER)
    words_of = {"plain": "plain words", PEER: ""}.get(
        name, f"product words{engine and ', '}{engine}"
    )
    turns_of = PEER if name == PEER else f"{by} turns"
    words = raw.get(words_of, {}).get(case.name)
    turns = raw.get(turns_of, {}).get(case.name)
    if engine and words is None:
        return {}
    heard = (heard_by_script if script else heard_by_product)(words, turns)
    return scores(case, heard) if words or turns else {}


def _described(case: Case) -> dict[str, Any]:
    speech = sum(end - start for start, end, _ in case.recording.turns)
    described = {"name": case.name, "group": case.group, "seconds": round(case.seconds, 1)}
    return described | {
        "language": case.language,
        "overlap": None if case.overlap is None else round(case.overlap, 3),
        "speech": round(speech, 1),
    }


def _resources(output: Mapping[str, Any]) -> dict[str, float]:
    found = output.values()
    return {
        "peak_mb": round(max(one["peak_mb"] for one in found)),
        **{key: round(sum(one[key] for one in found), 1) for key in ("seconds", "wall", "cpu")},
    }


if __name__ == "__main__":
    main()
