"""Memory of workers by the length of recordings: ten hours next to ten minutes.

    python -m bench.parts_memory --data DIR [--minutes 10,600] [--stage diarize]

The recordings repeat the meeting and the utterances in DIR. Each stage of each runs in a process of
its own, as in a worker: the first, the middle and the last parts of a long one, and all parts of a
short one, again and again until there are as many. Prints the most memory that the process had.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.engines import load_engine
from bench.parts_scaling import compose, load_diarizer, sound_of_part, wave_seconds
from common.models.store import DEFAULT_MODEL_DIR
from diarizer.engines.protocol import DiarizationOptions
from transcriber.domain.jobs import Stage
from transcriber.domain.parts import LENGTHS, Part, plan
from transcriber.worker.engines.protocol import RecognitionOptions

#: Parts of a recording that are processed: so many at its beginning, in the middle and at its end.
_AT_EACH_PLACE = 2


def main() -> None:
    """Print a row per stage and recording."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with recordings")
    parser.add_argument("--minutes", default="10,600", help="lengths of the recordings")
    parser.add_argument("--stage", type=Stage, choices=list(LENGTHS), help="the only stage")
    chosen = parser.parse_args()
    print("| stage | recording | parts | processed | longest part | memory | ratio |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for minutes in map(float, chosen.minutes.split(",")):
            file = Path(directory) / f"{minutes:.0f}.wav"
            compose(chosen.data, minutes * 60, file, repeat=True)
            files.append(file)
        for stage in [chosen.stage] if chosen.stage else LENGTHS:
            first = 0
            for file in files:
                seconds = wave_seconds(file)
                parts = plan(seconds, LENGTHS[stage], idle=1)
                some = chosen_parts(parts)
                peak = _peak(stage, file, some)
                first = first or peak
                longest = max(part.heard[1] - part.heard[0] for part in some)
                print(
                    f"| {stage} | {seconds / 60:.0f} min | {len(parts)} | {len(some)} "
                    f"| {longest:.0f} s | {peak / 1e6:.0f} MB | {peak / first:.2f} |",
                    flush=True,
                )


def chosen_parts(parts: Sequence[Part]) -> Sequence[Part]:
    """Return the parts at the beginning, in the middle and at the end, or all, as often."""
    wanted = 3 * _AT_EACH_PLACE
    if len(parts) <= wanted:
        return (list(parts) * wanted)[:wanted]
    middle = len(parts) // 2
    return [
        *parts[:_AT_EACH_PLACE],
        *parts[middle : middle + _AT_EACH_PLACE],
        *parts[-_AT_EACH_PLACE:],
    ]


def _peak(stage: Stage, file: Path, parts: Sequence[Part]) -> int:
    """Return the most resident memory of a process that works on parts, in bytes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_work, (stage, file, parts))


def _work(stage: Stage, file: Path, parts: Sequence[Part]) -> int:
    if stage is Stage.TRANSCRIBE:
        recognizer = load_engine("moonshine")
        for part in parts:
            recognizer.recognize(
                sound_of_part(file, part),
                RecognitionOptions(language="en"),
                on_progress=lambda _fraction, _step: None,
                cancelled=lambda: False,
            )
    else:
        diarizer = load_diarizer(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
        for part in parts:
            diarizer.diarize(
                sound_of_part(file, part),
                DiarizationOptions(max_speakers=10, part=part.count > 1),
                on_progress=lambda _fraction, _step: None,
                cancelled=lambda: False,
            )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
