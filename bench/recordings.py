"""The recordings that benchmarks run on, with what was really said and by whom."""

import importlib.util
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

AUDIO_SUFFIXES = (".flac", ".wav", ".mp3", ".m4a", ".ogg")


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """What one speaker said in one go; seconds."""

    start: float
    end: float
    speaker: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """An audio file; `utterances` or `turns` are empty where nobody wrote them down."""

    name: str
    audio: Path
    utterances: tuple[Utterance, ...]
    turns: tuple[tuple[float, float, str], ...]

    @property
    def text(self) -> str:
        """All that is said, in order of time."""
        return " ".join(utterance.text for utterance in self.utterances)

    @property
    def text_by_speaker(self) -> dict[str, str]:
        """What each speaker says."""
        texts: dict[str, list[str]] = {}
        for utterance in self.utterances:
            texts.setdefault(utterance.speaker, []).append(utterance.text)
        return {speaker: " ".join(parts) for speaker, parts in texts.items()}


def sample() -> Recording:
    """The half minute of two people on the telephone that pyannote.audio carries."""
    # Found without importing the package: that takes seconds and has side effects.
    spec = importlib.util.find_spec("pyannote")
    for place in (spec.submodule_search_locations or []) if spec else []:
        directory = Path(place) / "audio" / "sample"
        if (directory / "sample.wav").is_file():
            return _recording(directory / "sample.wav")
    raise FileNotFoundError("pyannote.audio, which carries the sample, is not installed")


def repeated(recording: Recording, times: int, directory: Path) -> Recording:
    """A recording in a WAV file, `times` over: as long as a benchmark of speed needs it."""
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
    """Recordings in a directory that have a .stm or .rttm file of the same name beside them."""
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
        turns=tuple(_rttm(audio.with_suffix(".rttm"))),
    )


def _stm(path: Path) -> Iterator[Utterance]:
    for line in path.read_text().splitlines() if path.is_file() else ():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and not line.startswith(";;"):
            _, _, speaker, start, end, text = fields
            yield Utterance(start=float(start), end=float(end), speaker=speaker, text=text)


def _rttm(path: Path) -> Iterator[tuple[float, float, str]]:
    for line in path.read_text().splitlines() if path.is_file() else ():
        fields = line.split()
        if fields[:1] == ["SPEAKER"]:
            start, length = float(fields[3]), float(fields[4])
            yield start, start + length, fields[7]
