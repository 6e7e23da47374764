"""One recording of an hour on N pairs of workers: speed, and errors of the words.

    python -m bench.parts_scaling --data DIR [--pairs 1,2,4,8,16] [--minutes 60] [--times 1]

The recording is made of the meeting and the utterances in DIR. Utterances that occur again are
played faster or slower. Both stages of every part are timed in this process, on one thread, and
the parts are then handed to N workers in their order. Whole recordings are processed by one worker.
The least of several `--times` counts, since other programs take a processor's time from some parts.
"""

import argparse
import heapq
import itertools
import json
import math
import os
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy import signal

from bench.engines import load_engine
from bench.metrics import word_errors
from bench.recordings import in_directory
from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import Sound, Span
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)
from common.tasks import parts as task_parts
from diarizer.engines.protocol import DiarizationEngine, DiarizationOptions
from transcriber.domain.jobs import Stage
from transcriber.domain.parts import LENGTHS, Part, plan
from transcriber.transcripts.joined_speech import RecognizedPart, join_speech
from transcriber.transcripts.stage_results import read_recognition
from transcriber.worker import conversion
from transcriber.worker.engines.protocol import RecognitionOptions, SpeechEngine

if TYPE_CHECKING:
    from diarizer.engines.pyannote import PyannoteEngine

Result = TypeVar("Result")

_LEVEL = 0.05
_RATES = (1.0, 0.94, 1.06, 0.9, 1.1, 0.97, 1.03, 0.88)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    samples: Samples
    text: str


def main() -> None:
    """Print a row per number of pairs. Percentages tell how busy the workers are meanwhile."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with recordings")
    parser.add_argument("--pairs", default="1,2,4,8,16", help="numbers of pairs of workers")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--times", type=int, default=1, help="how often all is timed")
    chosen = parser.parse_args()
    models = Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR)
    recognizer, diarizer = load_engine("moonshine"), load_diarizer(models)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "hour.wav"
        text = compose(chosen.data, chosen.minutes * 60, file)
        seconds = wave_seconds(file)
        whole = _Timed(recognizer, diarizer, file, chosen.times)
        (words,) = whole.recognize([None])
        whole.diarize([None])
        alone = max(whole.recognition[0], whole.diarization[0])
        wer = word_errors(text, " ".join(word.text for word in words.speech.words)).rate
        print(f"{seconds:.0f} s, {len(text.split())} words, one pair, one piece: {alone:.1f} s")
        print(
            f"(recognition {whole.recognition[0]:.1f} s, diarization {whole.diarization[0]:.1f} s"
        )
        print(f"of one core, WER {100 * wer:.2f} %)\n")
        print("| pairs | parts | recognition | diarization | times as fast | of N | WER |")
        print("|---|---|---|---|---|---|---|")
        for pairs in map(int, chosen.pairs.split(",")):
            run = _Timed(recognizer, diarizer, file, chosen.times)
            cut = {stage: plan(seconds, LENGTHS[stage], idle=pairs) for stage in LENGTHS}
            heard = run.recognize(cut[Stage.TRANSCRIBE])
            run.diarize(cut[Stage.DIARIZE])
            began = time.process_time()
            joined = join_speech(heard)
            joining = time.process_time() - began
            recognition = joining + _schedule(run.recognition, pairs)
            diarization = _schedule(run.diarization, pairs)
            lasting = max(recognition, diarization)
            busy = (
                sum(run.recognition) / pairs / recognition,
                sum(run.diarization) / pairs / diarization,
            )
            found = word_errors(text, " ".join(word.text for word in joined.words)).rate
            counts = " and ".join(str(len(cut[stage])) for stage in LENGTHS)
            speed = alone / lasting
            print(
                f"| {pairs} | {counts} | {recognition:.1f} s, {busy[0]:.0%} "
                f"| {diarization:.1f} s, {busy[1]:.0%} "
                f"| {speed:.2f} | {speed / pairs:.2f} | {100 * found:.2f} % |",
                flush=True,
            )


class _Timed:
    """Both stages of one file, with the least processor time of each call in seconds."""

    def __init__(
        self, recognizer: SpeechEngine, diarizer: DiarizationEngine, file: Path, times: int
    ) -> None:
        self._recognizer = recognizer
        self._diarizer = diarizer
        self._file = file
        self._times = times
        self.recognition: list[float] = []
        self.diarization: list[float] = []

    def recognize(self, parts: Sequence[Part | None]) -> list[RecognizedPart]:
        """Recognize parts, or the whole for None."""
        found, self.recognition = self._timed(self._recognized, parts)
        return found

    def diarize(self, parts: Sequence[Part | None]) -> None:
        """Diarize parts, or the whole for None."""
        _, self.diarization = self._timed(self._diarized, parts)

    def _timed(
        self, work: Callable[[Part | None], Result], parts: Sequence[Part | None]
    ) -> tuple[list[Result], list[float]]:
        """Return the results, and the least time of each part. All are done before any again."""
        least, results = [math.inf] * len(parts), list[Result]()
        for _ in range(self._times):
            results = []
            for number, part in enumerate(parts):
                began = time.process_time()
                results.append(work(part))
                least[number] = min(least[number], time.process_time() - began)
        return results, least

    def _recognized(self, part: Part | None) -> RecognizedPart:
        found = self._recognizer.recognize(
            sound_of_part(self._file, part),
            RecognitionOptions(language="en"),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )
        message = conversion.to_message({0: found}, ())
        task_parts.move(message, 0.0 if part is None else part.heard[0])
        whole = Part(start=0, end=round(wave_seconds(self._file)), number=0, count=1)
        return RecognizedPart(
            part=part or whole, speech=read_recognition(message.SerializeToString())
        )

    def _diarized(self, part: Part | None) -> None:
        self._diarizer.diarize(
            sound_of_part(self._file, part),
            DiarizationOptions(max_speakers=10, part=part is not None),
            on_progress=lambda _fraction, _step: None,
            cancelled=lambda: False,
        )


def sound_of_part(file: Path, part: Part | None) -> Sound:
    """Return the sound of a part with its margins, or of the whole file."""
    if part is None or part.count == 1:
        return Sound(file=file)
    start, end = part.heard
    return Sound(file=file, span=Span(start=start, end=None if part.last else end))


def _schedule(seconds: Sequence[float], workers: int) -> float:
    """Return when the last of some tasks ends, taken in their order by free workers."""
    free = [0.0] * workers
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def compose(data: Path, seconds: float, file: Path, *, repeat: bool = False) -> str:
    """Write a recording of about so many seconds and return its text.

    Without `repeat`, it ends when every piece has been used.
    """
    texts: list[str] = []
    left = round(seconds * SAMPLE_RATE)
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        pieces = _pieces(data)
        for piece in itertools.cycle(pieces) if repeat else pieces:
            if left <= 0:
                break
            writer.writeframes((np.clip(piece.samples, -1, 1) * 32767).astype("<i2").tobytes())
            left -= len(piece.samples)
            texts.append(piece.text)
    return " ".join(texts)


def _pieces(data: Path) -> Iterator[_Piece]:
    """Yield the meetings, and then the utterances at other rates in another order each time."""
    for recording in in_directory(data):
        if recording.utterances:
            sound = read_window(recording.audio, 0.0, 24 * 3600.0)
            yield _Piece(samples=sound, text=recording.text)
    listed = json.loads((data / "utterances.json").read_text())
    random = np.random.default_rng(1)
    for rate in _RATES:
        for number in random.permutation(len(listed)):
            one = listed[int(number)]
            sound = read_window(data / "utterances" / f"{one['id']}.flac", 0.0, 3600.0)
            sound = signal.resample(sound, round(len(sound) / rate)).astype(np.float32)
            level = float(np.sqrt(np.mean(np.square(sound)))) or 1.0
            pause = np.zeros(round(float(random.uniform(0.4, 1.5)) * SAMPLE_RATE), dtype=np.float32)
            yield _Piece(
                samples=np.concatenate([sound * (_LEVEL / level), pause]), text=one["text"]
            )


def wave_seconds(file: Path) -> float:
    """Return the length of a WAV file in seconds."""
    with wave.open(str(file)) as reader:
        return float(reader.getnframes() / reader.getframerate())


def load_diarizer(models: Path) -> "PyannoteEngine":
    """Load the embedded diarizer from a directory of models, for one thread."""
    # Loading torch takes seconds.
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    found = ModelStore(models).diarization(EMBEDDED_DIARIZATION)
    assert isinstance(found, EmbeddedDiarization)
    return load_embedded(found, PyannoteSettings())


if __name__ == "__main__":
    main()
