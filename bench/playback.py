"""Cost of playback copies: CPU as a share of recognition, size, and memory over the length.

    python -m bench.playback [--hours HOURS]

The copy is made from the blocks that recognition decodes, so its cost is that of recording them,
joining the packets, and nothing else.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.recordings import repeated, sample
from common.audio.decoding import decode
from common.audio.playback import PlaybackRecorder
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import Sound
from common.models.store import DEFAULT_MODEL_DIR, ModelStore
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine, FasterWhisperSettings
from transcriber.worker.engines.protocol import RecognitionOptions

#: Repetitions of the sample, which has half a minute.
_REPEATED = 6
_PARTIES = 2


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU seconds and bytes of copies of some seconds of sound."""

    seconds: float
    cpu: float
    copy_bytes: int
    peaks_bytes: int

    def __str__(self) -> str:
        """Return a line of figures."""
        return (
            f"{self.seconds:8.0f} s of sound: {1000 * self.cpu / self.seconds:.2f} CPU ms per "
            f"second, {8 * self.copy_bytes / self.seconds / 1000:.1f} kbit/s, peaks "
            f"{8 * self.peaks_bytes / self.seconds / 1000:.1f} kbit/s, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB peak memory"
        )


def recognition_cpu(audio: Path) -> float:
    """Return the CPU seconds of recognizing a file with the base model on one thread."""
    store = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
    engine = FasterWhisperEngine(store.recognition("base"), FasterWhisperSettings(threads=1))
    options = RecognitionOptions(language="en")
    engine.recognize_samples(
        np.zeros(SAMPLE_RATE, dtype=np.float32), options, cancelled=lambda: False
    )
    used = time.process_time()
    engine.recognize(audio, options, on_progress=lambda *_: None, cancelled=lambda: False)
    return time.process_time() - used


def copy_cost(signals: Sequence[Iterator[Samples]]) -> Cost:
    """Copy signals of decoded sound."""
    used = time.process_time()
    with PlaybackRecorder(len(signals)) as recorder:
        sources = recorder.listening([Sound(file="nothing")] * len(signals))
        for source, blocks in zip(sources, signals, strict=True):
            assert isinstance(source, Sound)
            assert source.listener is not None
            for _ in source.listener(blocks):
                pass
        files = recorder.finish()
    return Cost(
        seconds=files.samples / SAMPLE_RATE,
        cpu=time.process_time() - used,
        copy_bytes=files.copy_bytes,
        peaks_bytes=files.peaks_bytes,
    )


def _looped(blocks: Sequence[Samples], hours: float) -> Iterator[Samples]:
    """Yield blocks again and again."""
    left = round(3600 * hours * SAMPLE_RATE)
    while left > 0:
        for block in blocks:
            yield block[:left]
            left -= len(block)
            if left <= 0:
                return


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.playback", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the longest copy")
    chosen = parser.parse_args()
    blocks = list(decode(sample().audio))
    print(f"copies of one signal, and of {_PARTIES} signals:")
    for hours in (chosen.hours / 16, chosen.hours):
        print(copy_cost([_looped(blocks, hours)]))
        print(copy_cost([_looped(blocks, hours) for _ in range(_PARTIES)]))
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        audio = repeated(sample(), _REPEATED, Path(directory)).audio
        heard = list(decode(audio))
        cost = copy_cost([iter(heard)])
        recognized = recognition_cpu(audio)
    print(
        f"{cost.seconds:.0f} s of speech: recognition {recognized:.2f} CPU s, copy "
        f"{cost.cpu:.2f} CPU s, which is {100 * cost.cpu / recognized:.1f} % of recognition"
    )


if __name__ == "__main__":
    main()
