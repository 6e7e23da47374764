"""Words of short pieces of live speech, by the engine of the worker."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.protocol import (
    LiveEngine,
    LiveSpeech,
    PhraseEngine,
    RecognitionOptions,
    RecognizedWord,
)
from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.live.jobs import Job, Piece
from transcriber.worker.live.language import LanguageChoice

#: Most speech from which a language is detected, in samples.
_DETECTED = 10 * SAMPLE_RATE


@dataclass(frozen=True, kw_only=True, slots=True)
class HeardWords:
    """Words of a job. `follow` tells that those before are not among them.

    `changed` tells that they are in another language than those of the last job.
    """

    words: tuple[RecognizedWord, ...]
    follow: bool
    changed: bool


class LiveRecognizer:
    """The engine with the options of one stream. Calls block, on a thread of the models."""

    def __init__(self, engine: LiveEngine, options: RecognitionOptions) -> None:
        self._engine = engine
        self._options = options

    def recognize(self, job: Job, sound: Samples, choice: LanguageChoice) -> HeardWords:
        """Return the words of a job in its sound.

        The language is detected before, if it is not known well enough.
        """
        changed = choice.wants(job.speech_seconds, last=job.last) and choice.take(
            self._detect(job, sound)
        )
        moment = job.start / SAMPLE_RATE
        speech = LiveSpeech(
            samples=sound,
            spans=job.spans,
            before=_moved(job.before, -moment),
            guess=_moved(job.guess, -moment),
            draft=not job.last,
        )
        if changed:
            speech, moment = _fresh(job, sound), job.fresh / SAMPLE_RATE
        options = replace(self._options, language=choice.current)
        found = self._engine.recognize_speech(speech, options)
        words = _moved(found.words, moment)
        return HeardWords(words=words, follow=found.follow, changed=changed)

    def informed(self, piece: Piece, language: str) -> Piece:
        """Return final words with the phrases of the request, where they were said.

        The sound is heard once more, by a model that is told the phrases.
        """
        if not isinstance(self._engine, PhraseEngine):
            return piece
        options = replace(self._options, language=language)
        plain = _moved(piece.words, -piece.begin)
        found = self._engine.with_phrases(piece.sound, plain, options)
        return replace(piece, words=_moved(found, piece.begin)) if found else piece

    def _detect(self, job: Job, sound: Samples) -> Heard:
        piece = sound[job.fresh - job.start :][-_DETECTED:]
        return Heard(
            seconds=min(job.speech_seconds, len(piece) / SAMPLE_RATE),
            probabilities=self._engine.detect_language(piece),
        )


def _fresh(job: Job, sound: Samples) -> LiveSpeech:
    """Return the speech without its context, which is in another language."""
    first = job.fresh - job.start
    spans = (Span(start=one.start - first, end=one.end - first) for one in job.fresh_spans)
    return LiveSpeech(samples=sound[first:], spans=tuple(spans), draft=not job.last)


def _moved(words: Iterable[RecognizedWord], seconds: float) -> tuple[RecognizedWord, ...]:
    return tuple(
        replace(word, start=word.start + seconds, end=word.end + seconds) for word in words
    )
