"""Recognition engine over a model that recognizes one window of sound at a time."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from common.audio.conditioning import SignalConditioner
from common.audio.probe import probe
from common.audio.resampling import Samples
from common.audio.signals import AudioSource, sound_of
from common.audio.windows import AudioWindow, quietest, windows
from common.engines import Progress
from transcriber.worker.engines import informed
from transcriber.worker.engines.informed import InformedRecognizer
from transcriber.worker.engines.protocol import (
    LiveSpeech,
    LiveWords,
    Recognition,
    RecognitionOptions,
    RecognizedWord,
)
from transcriber.worker.engines.session import RecognitionSession, WindowRecognizer
from transcriber.worker.engines.specialists import Continuer, Listener, Specialist, Transcriber
from transcriber.worker.engines.voice_activity import Span, middle_of_longest_pause


class WindowedEngine:
    """SpeechEngine for recordings of any length in bounded memory."""

    def __init__(
        self,
        recognizer: WindowRecognizer,
        *,
        model: str,
        model_version: str,
        languages: frozenset[str],
        window_seconds: float,
        at_once: int = 1,
        recording: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Take a recognizer for `at_once` recordings at a time, each on a thread of its own.

        `recording` is entered for the time of each one.
        """
        self.at_once = at_once
        self._recording = recording
        self.model = model
        self.model_version = model_version
        self.languages = languages
        self._recognizer = recognizer
        self._window_seconds = window_seconds
        self._specialist: Specialist | None = None

    def specialist(self, language: str) -> Specialist:
        """Return the model as a specialist for a language, for `delegate` of another engine."""
        return Specialist(
            language=language,
            transcriber=self._recognizer,
            model=self.model,
            model_version=self.model_version,
        )

    def delegate(self, specialist: Specialist) -> None:
        """Leave recordings in a language to a specialist."""
        self._specialist = specialist

    def recognize(
        self,
        source: AudioSource,
        options: RecognitionOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Recognition:
        """Recognize one recording, as described in SpeechEngine."""
        self._check_language(options)
        expected = probe(source, allow_truncated=True).duration
        conditioner = SignalConditioner()
        pieces = windows(
            source,
            duration=expected,
            longest=self._window_seconds,
            find_cut=self._cut_in_pause,
            conditioner=conditioner,
        )
        offset = sound_of(source).span.start
        found = self._run(pieces, expected, options, on_progress, cancelled, offset=offset)
        return replace(found, warnings=(*conditioner.warnings, *found.warnings))

    def recognize_samples(
        self, samples: Samples, options: RecognitionOptions, *, cancelled: Callable[[], bool]
    ) -> Recognition:
        """Recognize a short piece of sound, as described in SpeechEngine."""
        self._check_language(options)
        window = AudioWindow(start=0.0, samples=samples)
        return self._run([window], window.duration, options, lambda *_: None, cancelled)

    def detect_language(self, samples: Samples) -> Mapping[str, float]:
        """Return the probability of each language, as described in LiveEngine."""
        return self._recognizer.detect_language(samples)

    def recognize_speech(self, speech: LiveSpeech, options: RecognitionOptions) -> LiveWords:
        """Recognize speech in a given language, as described in LiveEngine."""
        language = options.language
        if language is None:
            raise ValueError("live speech needs a language")
        chosen: Transcriber = self._recognizer
        special = self._specialist
        if special is not None and language == special.language and not options.alone:
            chosen = special.transcriber
        if isinstance(chosen, Continuer):
            return chosen.continued(speech)
        # Phrases would take a second decoding. An attempt is not decoded again by sampling, which
        # would take several times as long.
        plain = replace(options, phrases=(), beam_size=1 if speech.draft else options.beam_size)
        model = self._recognizer
        listen = model.listen if isinstance(model, Listener) else model.attempt
        found = listen(speech.samples, speech.spans, language, plain)
        return LiveWords(words=tuple(word for segment in found for word in segment.words))

    def with_phrases(
        self, samples: Samples, words: Sequence[RecognizedWord], options: RecognitionOptions
    ) -> tuple[RecognizedWord, ...]:
        """Return words with phrases, as described in PhraseEngine."""
        if options.language is None:
            raise ValueError("live speech needs a language")
        if isinstance(self._recognizer, Continuer):
            return tuple(words)  # It cannot be told phrases.
        whole = [Span(start=0, end=len(samples))]
        found = self._recognizer.attempt(samples, whole, options.language, options)
        return informed.words_with_phrases(words, found, options.phrases)

    def _run(
        self,
        pieces: Iterable[AudioWindow],
        expected: float,
        options: RecognitionOptions,
        on_progress: Progress,
        cancelled: Callable[[], bool],
        *,
        offset: float = 0.0,
    ) -> Recognition:
        began = time.monotonic()
        session = RecognitionSession(
            InformedRecognizer(self._recognizer, cancelled=cancelled),
            options,
            expected=expected,
            on_progress=on_progress,
            cancelled=cancelled,
            specialist=None if options.alone else self._specialist,
            offset=offset,
        )
        with self._recording():
            for window in pieces:
                session.add(window)
        used = self._used(session)
        return Recognition(
            segments=tuple(session.segments),
            languages=tuple(session.languages),
            duration=session.duration,
            speech_duration=session.speech_duration,
            processing_seconds=time.monotonic() - began,
            model=" and ".join(model for model, _ in used),
            model_version=" and ".join(version for _, version in used),
            warnings=session.warnings,
        )

    def _used(self, session: RecognitionSession) -> list[tuple[str, str]]:
        """Return name and version of the models whose words a session has."""
        own, special = (self.model, self.model_version), self._specialist
        if special is None or not session.is_specialized:
            return [own]
        other = (special.model, special.model_version)
        return [own, other] if session.is_general else [other]

    def _check_language(self, options: RecognitionOptions) -> None:
        if options.language is not None and options.language not in self.languages:
            raise ValueError(f"{self.model} does not know the language {options.language!r}")

    def _cut_in_pause(self, zone: Samples) -> int:
        """Return the end of a window: in the longest pause, or else in the quietest moment."""
        middle = middle_of_longest_pause(self._recognizer.find_speech(zone), len(zone))
        return quietest(zone) if middle is None else middle
