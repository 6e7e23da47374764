"""Recognition engines side by side, on English with its language given.

    python -m bench.engines [--data DIR]

Prints word error rate, processor time and memory of each engine for the telephone sample, for the
utterances of LibriSpeech in DIR/utterances (by DIR/utterances.json), and for recordings with a
.stm file in DIR. Where the package pocketsphinx is installed, it aligns the exact text of the
utterances to their sound, and the times of words are measured against that.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench.engines_words import Boundaries, TimedWord, boundaries, calibration, judged
from bench.metrics import WordErrors, word_errors
from bench.recordings import Recording, Utterance, in_directory, sample
from common.audio.decoding import read_window
from common.engines import EngineSettings
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.worker.engines.protocol import RecognitionOptions, SpeechEngine
from transcriber.worker.engines.registry import ENGINES

_WINDOW_SECONDS = 600.0
#: Recordings are at most this long, in seconds, when they are aligned.
_LONGEST = 60.0


def main() -> None:
    """Run each engine in a process of its own and print the comparison."""
    parser = argparse.ArgumentParser(prog="python -m bench.engines", description=__doc__)
    parser.add_argument("--data", type=Path, help="directory with utterances and recordings")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    groups = dict(_groups(chosen.data))
    if chosen.engine:
        loaded = load_engine(chosen.engine)
        print(json.dumps({name: _run(loaded, group) for name, group in groups.items()}))
        return
    load = os.getloadavg()[0]
    print(f"one thread, load {load:.1f} on {os.cpu_count()} cores at the beginning")
    references = {one.name: _aligned(one) for one in groups.get("utterances", ())}
    for engine in ENGINES.modules:
        found = _in_process(engine, chosen.data)
        for name, group in groups.items():
            _print(engine, name, group, found[name], references)


def _groups(data: Path | None) -> Iterator[tuple[str, list[Recording]]]:
    """Yield the recordings to be measured together, by the name of the group."""
    yield "telephone", [sample()]
    if data is None:
        return
    listed = data / "utterances.json"
    if listed.is_file():
        yield (
            "utterances",
            [
                Recording(
                    name=one["id"],
                    audio=data / "utterances" / f"{one['id']}.flac",
                    utterances=(Utterance(start=0.0, end=0.0, speaker="", text=one["text"]),),
                    turns=(),
                )
                for one in json.loads(listed.read_text())
            ],
        )
    for recording in in_directory(data):
        if recording.utterances:
            yield recording.name, [recording]


def _in_process(engine: str, data: Path | None) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.engines", "--engine", engine]
    command += ["--data", str(data)] if data else []
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def load_engine(engine: str) -> SpeechEngine:
    """Load an engine for one thread."""
    return ENGINES.load(
        engine,
        EngineSettings(
            models=ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)),
            model="base",
            device="cpu",
            threads=1,
            window_seconds=_WINDOW_SECONDS,
        ),
    )


def _run(engine: SpeechEngine, group: Sequence[Recording]) -> dict[str, Any]:
    """Recognize recordings. Return words, seconds of sound and processor, and peak memory."""
    words: dict[str, list[dict[str, Any]]] = {}
    seconds = 0.0
    began = time.process_time()
    for recording in group:
        found = engine.recognize(
            recording.audio,
            RecognitionOptions(language="en"),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )
        seconds += found.duration
        words[recording.name] = [
            asdict(
                TimedWord(
                    text=word.text, start=word.start, end=word.end, probability=word.probability
                )
            )
            for word in found.words
        ]
    used = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"words": words, "seconds": seconds, "cpu": used, "peak_mb": peak}


def _print(
    engine: str,
    name: str,
    group: Sequence[Recording],
    found: dict[str, Any],
    references: dict[str, list[TimedWord]],
) -> None:
    words = {one.name: [TimedWord(**word) for word in found["words"][one.name]] for one in group}
    errors = [
        word_errors(one.text, " ".join(word.text for word in words[one.name])) for one in group
    ]
    print(
        f"{engine}, {name}: WER {100 * _rate(errors):.1f} %, "
        f"{found['cpu'] / found['seconds']:.3f} CPU s per second of {found['seconds']:.0f} s, "
        f"peak {found['peak_mb']:.0f} MB so far"
    )
    pairs = [pair for one in group for pair in judged(one.text, words[one.name])]
    rows, error = calibration(pairs)
    print(f"  mean error of probabilities {error:.3f}", *rows, sep="\n    ")
    timed = [
        boundaries(references[one.name], words[one.name])
        for one in group
        if references.get(one.name)
    ]
    if timed:
        joined = Boundaries(
            starts=tuple(start for one in timed for start in one.starts),
            ends=tuple(end for one in timed for end in one.ends),
        )
        print(f"  word boundaries of {len(joined.starts)} words: {joined.row()}")


def _rate(errors: Sequence[WordErrors]) -> float:
    return sum(one.rate * one.words for one in errors) / sum(one.words for one in errors)


def _aligned(recording: Recording) -> list[TimedWord]:
    """Return the exact words of an utterance with their times, none if they cannot be aligned."""
    try:
        from pocketsphinx import Decoder  # noqa: PLC0415 - optional
    except ImportError:
        return []
    decoder = Decoder(lm=None, loglevel="FATAL", bestpath=False)
    words = recording.text.split()
    if any(decoder.lookup_word(word) is None for word in words):
        return []
    samples = read_window(recording.audio, 0.0, _LONGEST)
    decoder.set_align_text(recording.text)
    decoder.start_utt()
    decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    found = [
        TimedWord(
            text=part.word.split("(")[0],
            start=part.start_frame / 100,
            end=(part.end_frame + 1) / 100,
        )
        for part in (decoder.seg() if decoder.hyp() else ())
        if not part.word.startswith(("<", "[", "+"))
    ]
    return found if [word.text for word in found] == words else []


if __name__ == "__main__":
    main()
