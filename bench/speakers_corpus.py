"""Voiceprints of real people for the benchmarks of voice recognition.

The recordings are named `<speaker>-<chapter>-<number>.flac`, as in LibriSpeech. The speech of each
person is split into a first and a second half. Voiceprints are extracted from stretches of several
lengths under several recording conditions, with the network and averaging of the diarizer. The
extraction takes about a quarter of an hour on one core, and its result is cached.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.speakers_conditions import CONDITIONS, SAMPLE_RATE, Samples
from common.audio.decoding import read_window
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)
from diarizer.engines.protocol import Turn

SECONDS = (2, 5, 10, 20)
FIRST, SECOND, WHOLE = "first", "second", "whole"
MODEL = "campplus-zh-en-common"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Voiceprints with their origin. `vectors` is (n, 192), all other arrays are (n,).

    `part` is the half of the person's speech, or the whole for people with a single recording, who
    serve as strangers.
    """

    vectors: npt.NDArray[np.float64]
    speaker: npt.NDArray[np.str_]
    part: npt.NDArray[np.str_]
    condition: npt.NDArray[np.str_]
    seconds: npt.NDArray[np.int64]
    model: str
    model_version: str

    @property
    def speakers(self) -> list[str]:
        """Names of all people, sorted."""
        return sorted(set(self.speaker.tolist()))

    def index(self) -> dict[tuple[str, str, str, int], int]:
        """Return row numbers keyed by (speaker, part, condition, seconds)."""
        keys = zip(self.speaker, self.part, self.condition, self.seconds, strict=True)
        return {
            (str(who), str(part), str(how), int(long)): row
            for row, (who, part, how, long) in enumerate(keys)
        }


def arguments(description: str) -> argparse.ArgumentParser:
    """Create a parser with the options shared by all benchmarks of voices."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("bench/data"),
        help="directory with recordings in its subdirectories utterances and strangers",
    )
    parser.add_argument(
        "--models", type=Path, default=DEFAULT_MODEL_DIR, help="directory of models"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(tempfile.gettempdir()) / "securetranscribe-bench",
        help="directory for extracted voiceprints",
    )
    return parser


def load(options: argparse.Namespace) -> Corpus:
    """Load the voiceprints from the cache, or extract them."""
    places = [options.data / "utterances", options.data / "strangers"]
    files = sorted(file for place in places for file in place.glob("*.flac"))
    if not files:
        raise SystemExit(f"No recordings in {options.data}. Pass their directory with --data.")
    models = ModelStore(options.models).diarization(EMBEDDED_DIARIZATION)
    assert isinstance(models, EmbeddedDiarization)
    digest = hashlib.sha256(repr((_FORMAT, SECONDS, list(CONDITIONS))).encode())
    digest.update(models.voice_version.encode())
    for file in files:
        digest.update(file.name.encode() + file.stat().st_size.to_bytes(8))
    path = options.cache / f"voices-{digest.hexdigest()[:16]}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(files, models, path)
    stored = np.load(path)
    return Corpus(
        vectors=stored["vectors"].astype(np.float64),
        speaker=stored["speaker"],
        part=stored["part"],
        condition=stored["condition"],
        seconds=stored["seconds"],
        model=MODEL,
        model_version=models.voice_version,
    )


def _take(files: list[Path], models: EmbeddedDiarization, path: Path) -> None:
    # Only where the cache is empty: loading torch takes seconds.
    from diarizer.engines import torch_runtime  # noqa: PLC0415
    from diarizer.engines.pyannote import load_embedder  # noqa: PLC0415
    from diarizer.engines.voiceprints import take_voices  # noqa: PLC0415

    torch_runtime.torch.set_num_threads(1)
    network = load_embedder(models, device="cpu")
    rows: list[tuple[str, str, str, int]] = []
    vectors: list[npt.NDArray[np.float32]] = []
    recordings: dict[str, list[Path]] = {}
    for file in files:
        recordings.setdefault(file.name.split("-")[0], []).append(file)
    for number, (speaker, paths) in enumerate(sorted(recordings.items()), 1):
        for part, condition, sound in _stretches(speaker, paths):
            for seconds in SECONDS:
                if len(sound) < seconds * SAMPLE_RATE:
                    continue
                # Slightly longer, because the diarizer drops both edges of a stretch.
                piece = sound[: round((seconds + 0.1) * SAMPLE_RATE)]
                turn = Turn(start=0.0, end=len(piece) / SAMPLE_RATE, speaker="voice")
                vectors.append(take_voices(piece, [turn], network)["voice"].vector)
                rows.append((speaker, part, condition, seconds))
        print(f"\r{number} of {len(recordings)} voices", end="", flush=True)
    print()
    names = ("speaker", "part", "condition", "seconds")
    columns = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    np.savez(path, vectors=np.array(vectors), **columns)  # type: ignore[arg-type]


def _stretches(speaker: str, paths: list[Path]) -> Iterator[tuple[str, str, Samples]]:
    """Yield (part, condition, samples) of one person, each processed independently."""
    sounds = [read_window(path, 0.0, 3600.0) for path in paths]
    if len(sounds) == 1:
        middle = len(sounds[0]) // 2
        parts = {FIRST: sounds[0][:middle], SECOND: sounds[0][middle:], WHOLE: sounds[0]}
    else:
        middle = len(sounds) // 2
        parts = {FIRST: np.concatenate(sounds[:middle]), SECOND: np.concatenate(sounds[middle:])}
    for part, sound in parts.items():
        for name, condition in CONDITIONS.items():
            seed = hashlib.sha256(f"{speaker} {part} {name}".encode()).digest()
            longest = sound[: (SECONDS[-1] + 1) * SAMPLE_RATE]
            yield part, name, condition(longest, np.random.default_rng(list(seed[:8])))
