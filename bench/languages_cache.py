"""Results of decoding, kept outside of the tree, so that decisions are tuned without it.

A result is kept with its CPU time. Results of another version of the code that made
them are not found.
"""

import functools
import hashlib
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.languages_voices import cache
from common.audio.resampling import Samples
from transcriber.worker.engines import faster_whisper, invention, protocol, voice_activity
from transcriber.worker.engines.faster_whisper import WhisperRecognizer
from transcriber.worker.engines.protocol import RecognitionOptions, RecognizedSegment
from transcriber.worker.engines.voice_activity import Span

#: Modules that the results of a recognizer depend on.
_MODULES = (faster_whisper, invention, protocol, voice_activity)


class CachedRecognizer:
    """A WindowRecognizer that recognizes everything once. `cpu` sums up the time it took."""

    def __init__(self, recognizer: WhisperRecognizer) -> None:
        self.cpu = 0.0
        self._recognizer = recognizer
        self._version = version_of(*_MODULES)

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the model's languages."""
        return self._recognizer.languages

    def find_speech(self, sound: Samples) -> list[Span]:
        """Return the stretches of speech between pauses."""
        found: list[Span] = self._kept(
            ("speech", digest(sound)), lambda: self._recognizer.find_speech(sound)
        )
        return found

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        """Return the probability of each language in the first 30 s."""
        found: Mapping[str, float] = self._kept(
            ("language", digest(sound)), lambda: self._recognizer.detect_language(sound)
        )
        return found

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`."""
        yield from self._kept(
            ("words", *_key(sound, spans, language, options)),
            lambda: list(self._recognizer.transcribe(sound, spans, language, options)),
        )

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans` in a language that it may not be in."""
        yield from self._kept(
            ("attempt", *_key(sound, spans, language, options)),
            lambda: list(self._recognizer.attempt(sound, spans, language, options)),
        )

    def _kept(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        result, cpu = kept((self._version, *key), functools.partial(_timed, make))
        self.cpu += cpu
        return result


def _key(
    sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
) -> tuple[Any, ...]:
    places = tuple((span.start, span.end) for span in spans)
    return digest(sound), places, language, options.beam_size, options.phrases


def _timed(make: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    result = make()
    return result, time.process_time() - began


def kept(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """Return a result made before, or make and keep it. Processes may share the results."""
    name = hashlib.sha256(repr(key).encode()).hexdigest()[:32]
    path = cache() / "results" / name[:2] / name
    if path.is_file():
        return pickle.loads(path.read_bytes())
    result = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{time.monotonic_ns()}")
    draft.write_bytes(pickle.dumps(result))
    draft.replace(path)
    return result


def digest(sound: Samples) -> str:
    """Return a key of samples."""
    return hashlib.sha256(sound.tobytes()).hexdigest()[:24]


def version_of(*modules: ModuleType) -> str:
    """Return a key of the source of modules."""
    sources = [Path(str(module.__file__)).read_bytes() for module in modules]
    return hashlib.sha256(b"".join(sources)).hexdigest()[:16]
