"""Models for one language, next to a model for many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from common.audio.resampling import Samples
from transcriber.worker.engines.languages import is_common
from transcriber.worker.engines.parts import Part
from transcriber.worker.engines.protocol import (
    LiveSpeech,
    LiveWords,
    RecognitionOptions,
    RecognizedSegment,
)
from transcriber.worker.engines.voice_activity import Span

#: Least average probability of the language.
_PROBABLE = 0.6
#: Probability of another common language from which on a stretch may be in it.
_POSSIBLE = 0.5
#: Shorter stretches, in seconds, are too brief to tell.
_LONG_ENOUGH = 2.0


class Transcriber(Protocol):
    """Model for the text of speech."""

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`."""
        ...


@runtime_checkable
class Continuer(Protocol):
    """Model that continues the text of live speech from words that are final."""

    def continued(self, speech: LiveSpeech) -> LiveWords:
        """Return the words after those `before`."""
        ...


@runtime_checkable
class Listener(Protocol):
    """Model that has a cheaper way to recognize live speech."""

    def listen(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans` in up to 28 s of sound."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Specialist:
    """Model for speech in one language, without phrases."""

    language: str
    transcriber: Transcriber
    model: str
    model_version: str

    def takes(self, part: Part, options: RecognitionOptions) -> bool:
        """Return whether a part is in the language, and without phrases."""
        return part.language == self.language and not options.phrases

    def is_alone(self, part: Part) -> bool:
        """Return whether no other language is likely anywhere in a part.

        Otherwise the text in several languages has to be compared by the model for all of them.
        """
        return part.probability >= _PROBABLE and not any(
            is_common(language) and probability >= _POSSIBLE
            for stretch in part.stretches
            if stretch.heard.seconds >= _LONG_ENOUGH
            for language, probability in stretch.heard.probabilities.items()
            if language != self.language
        )
