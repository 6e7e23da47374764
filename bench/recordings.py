"""Recordings for benchmarks, with reference transcripts and speaker turns."""

import importlib.util
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples

AUDIO_SUFFIXES = (".flac", ".wav", ".mp3", ".m4a", ".ogg")


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """Reference text of one utterance, with times in seconds."""

    start: float
    end: float
    speaker: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """An audio file and its reference. `utterances` or `turns` may be empty.

    Turns are (start, end, speaker), in seconds.
    """

    name: str
    audio: Path
    utterances: tuple[Utterance, ...]
    turns: tuple[tuple[float, float, str], ...]

    @property
    def text(self) -> str:
        """Reference text in order of time."""
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def text_by_speaker(self) -> dict[str, str]:
        """Reference text per speaker."""
        texts: dict[str, list[str]] = {}
        for utterance in self.utterances:
            texts.setdefault(utterance.speaker, []).append(utterance.text)
        return {speaker: " ".join(parts) for speaker, parts in texts.items()}


def sample() -> Recording:
    """Return the sample of pyannote.audio: a telephone call of two people, 30 s."""
    # Located without importing the package, which takes seconds and has side effects.
    spec = importlib.util.find_spec("pyannote")
    for place in (spec.submodule_search_locations or []) if spec else []:
        directory = Path(place) / "audio" / "sample"
        if (directory / "sample.wav").is_file():
            return _recording(directory / "sample.wav")
    raise FileNotFoundError("The sample is missing. Install pyannote.audio, its package.")


def repeated(recording: Recording, times: int, directory: Path) -> Recording:
    """Write a WAV file that repeats a recording `times` times. Return it with its reference."""
    name = f"{recording.name}_x{times}"
    audio = directory / f"{name}.wav"
    with wave.open(str(recording.audio), "rb") as source, wave.open(str(audio), "wb") as target:
        length = source.getnframes() / source.getframerate()
        frames = source.readframes(source.getnframes())
        target.setparams(source.getparams())
        for _ in range(times):
            target.writeframes(frames)
    shifts = [length * index for index in range(times)]
    return Recording(
        name=name,
        audio=audio,
        utterances=tuple(
            replace(said, start=said.start + shift, end=said.end + shift)
            for shift in shifts
            for said in recording.utterances
        ),
        turns=tuple(
            (start + shift, end + shift, speaker)
            for shift in shifts
            for start, end, speaker in recording.turns
        ),
    )


def in_directory(directory: Path) -> Iterator[Recording]:
    """Yield the recordings of a directory with a .stm or .rttm file of the same name."""
    for audio in sorted(directory.iterdir()):
        if audio.suffix in AUDIO_SUFFIXES and any(
            audio.with_suffix(suffix).is_file() for suffix in (".stm", ".rttm")
        ):
            yield _recording(audio)


def _recording(audio: Path) -> Recording:
    return Recording(
        name=audio.stem,
        audio=audio,
        utterances=tuple(_stm(audio.with_suffix(".stm"))),
        turns=tuple(turns_in(audio.with_suffix(".rttm"))),
    )


def _stm(path: Path) -> Iterator[Utterance]:
    for line in path.read_text().splitlines() if path.is_file() else ():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and not line.startswith(";;"):
            _, _, speaker, start, end, text = fields
            yield Utterance(start=float(start), end=float(end), speaker=speaker, text=text)


def write_wav(file: str | BinaryIO, samples: Samples) -> None:
    """Write mono 16 kHz samples in ±1 with 16 bits."""
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def turns_in(path: Path, recording: str | None = None) -> Iterator[tuple[float, float, str]]:
    """Yield the turns in an RTTM file, with `recording` only those of one recording."""
    for line in path.read_text().splitlines() if path.is_file() else ():
        fields = line.split()
        if fields[:1] == ["SPEAKER"] and recording in (None, fields[1]):
            start, length = float(fields[3]), float(fields[4])
            yield start, start + length, fields[7]
