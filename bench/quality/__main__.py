"""Quality of transcripts on public recordings.

    python -m bench.quality [--data DIR] [--peer PYTHON...] [--resume] [--score] [--write]

Measures WER, cpWER, tcpWER, DER, JER, numbers of speakers, invented words, times of words, speed
and memory of the product next to plain scripts with the same models, and next to the words of
whisperX and the diarization of Senko, if a PYTHON belongs to an environment with their package. A
peer that fails is left out. Every system runs in a process of its own with one thread, one after
the other.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.quality import report
from bench.quality.corpus import Case, cases
from bench.quality.scores import Scores, heard_by_product, heard_by_script, scores
from bench.quality.systems import PEERS, TURNS, WORDS, ending, output, peers_of, read, run

RESULTS = Path(__file__).with_name("results.json")
#: Most load of other programs, per core, at which speed is published.
_QUIET = 0.25


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.quality", description="Measure the quality of transcripts."
    )
    parser.add_argument("--data", type=Path, help="directory with recordings and voices")
    parser.add_argument(
        "--peer",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="PYTHON",
        help="Python of an environment with senko 0.2.2 or whisperx 3.8.6",
    )
    parser.add_argument("--work", type=Path, default=Path("build/quality"), help="files in between")
    parser.add_argument("--resume", action="store_true", help="keep outputs that are there")
    parser.add_argument("--score", action="store_true", help="only score outputs that are there")
    parser.add_argument("--write", action="store_true", help="update docs/quality.md")
    chosen = parser.parse_args(arguments)
    try:
        peers = {name: python for python in chosen.peer for name in peers_of(python)}
    except ValueError as error:
        parser.error(str(error))
    found = cases(chosen.work, chosen.data)
    machine = {"cores": os.cpu_count() or 1, "quiet": False}
    if not chosen.score:
        machine |= run_all(found, chosen.work, peers=peers, resume=chosen.resume)
    kept = PEERS if chosen.score or chosen.resume else peers
    raw = {name: read(name, chosen.work) for name in (*WORDS, *TURNS, *kept)}
    results = measure(raw, found) | {"machine": machine}
    if chosen.write:
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        report.write(results)
    print("\n\n".join(report.tables(results)))


def run_all(
    found: Sequence[Case], work: Path, *, peers: Mapping[str, Path], resume: bool
) -> dict[str, Any]:
    """Run all systems. Return the load of other programs, and whether that was little.

    `peers` has the Python of their environments. A peer that fails does not end the run.
    """
    loads: list[float] = []
    for number, system in enumerate((*WORDS, *TURNS, *peers)):
        # From the second system on, one thread of the run is part of the load.
        loads.append(os.getloadavg()[0] - (number > 0))
        if not resume:
            output(system, work).unlink(missing_ok=True)
        if _complete(system, found, read(system, work)):
            continue
        try:
            run(system, _recordings_of(system, found), work, python=peers.get(system))
        except subprocess.CalledProcessError as error:
            if system not in peers:
                raise
            ended = f"{PEERS[system].title} ended with {ending(error.returncode)}"
            print(f"{ended}, and is left out", file=sys.stderr)
    most = max(loads)
    # Outputs of an earlier run have unknown loads.
    return {"load": most, "quiet": not resume and most <= _QUIET * (os.cpu_count() or 1)}


def measure(raw: Mapping[str, Mapping[str, Any]], found: Sequence[Case]) -> dict[str, Any]:
    """Return the scores of outputs by system and recording, and the time and memory they took.

    Peers without outputs for all recordings are left out.
    """
    peers = [name for name in PEERS if raw.get(name) and _complete(name, found, raw[name])]
    names = ("plain", "product", "product, Moonshine", *peers)
    return {
        "cases": [_described(case) for case in found],
        "systems": {
            name: _resources(one)
            for name, one in raw.items()
            if one and (name in peers or name not in PEERS)
        },
        "scores": {
            name: {case.name: one for case in found if (one := _scores(name, case, raw))}
            for name in names
        },
    }


def _complete(system: str, found: Sequence[Case], outputs: Mapping[str, Any]) -> bool:
    """Return whether a system has outputs for all its recordings."""
    return all(one.name in outputs for one in _recordings_of(system, found))


def _recordings_of(system: str, found: Sequence[Case]) -> list[Case]:
    """Return the recordings a system is run on. Moonshine knows only English."""
    if system in WORDS or (system in PEERS and PEERS[system].words):
        english = system == "product words, Moonshine"
        return [one for one in found if one.words and (one.language == "en" or not english)]
    return [one for one in found if one.recording.turns]


def _scores(name: str, case: Case, raw: Mapping[str, Mapping[str, Any]]) -> Scores:
    if name in PEERS:
        return _scores_of_peer(name, case, raw[name].get(case.name))
    by, _, engine = name.partition(", ")
    words = raw.get(f"{by} words{engine and ', '}{engine}", {}).get(case.name)
    turns = raw.get(f"{by} turns", {}).get(case.name)
    if engine and words is None:
        return {}
    heard = (heard_by_script if by == "plain" else heard_by_product)(words, turns)
    return scores(case, heard) if words or turns else {}


def _scores_of_peer(name: str, case: Case, found: Mapping[str, Any] | None) -> Scores:
    if found is None:
        return {}
    if not PEERS[name].words:
        return scores(case, heard_by_script(None, found))
    # Its words have only the times of their segments, which include pauses.
    timeless = (
        {"wer", "words"} if case.recording.utterances else {"silence_seconds", "invented_words"}
    )
    heard = scores(case, heard_by_script(found, None))
    return {rate: value for rate, value in heard.items() if rate in timeless}


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
