"""Recognition of one recording, window by window: speech, language, text, times, progress."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.windows import AudioWindow
from common.engines import Progress
from common.tasks.task import TaskCancelledError
from transcriber.worker.engines import doubts
from transcriber.worker.engines.decoded import Decoded, certainty
from transcriber.worker.engines.doubts import Doubt
from transcriber.worker.engines.language_search import LanguageSearch
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.parts import Part, Place
from transcriber.worker.engines.plain import PlainSpeech, is_sure
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
)
from transcriber.worker.engines.relistening import Relistening
from transcriber.worker.engines.specialists import Specialist, Transcriber
from transcriber.worker.engines.voice_activity import Span, total_length

#: Spans of one language with a shorter gap (seconds) are reported as one.
_SPAN_SEAM = 60.0
#: Share of a window's work done once its speech is found, and once its language is found.
_SPEECH_SHARE = 0.02
_LANGUAGE_SHARE = 0.04
#: How often the words of a window may change the languages of its parts.
_MOST_REVIEWS = 4
#: Name of the step, for users.
_STEP = "Recognizing speech"

#: Returns the text of the speech at spans of the sound in a language.
_Recognize = Callable[
    [Samples, Sequence[Span], str, RecognitionOptions], Iterator[RecognizedSegment]
]


class WindowRecognizer(Protocol):
    """A model as a session uses it. All times and spans count from the beginning of the sound."""

    def find_speech(self, sound: Samples) -> list[Span]:
        """Return the stretches of speech between pauses, in order."""
        ...

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        """Return the probability of each language in up to 30 s of speech."""
        ...

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`."""
        ...

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans` in a language that it may not be in.

        It is only compared with the text in other languages, so it has to be cheap.
        """
        ...


class RecognitionSession:
    """Recognition in progress. The attributes are complete once all windows have been added."""

    def __init__(
        self,
        recognizer: WindowRecognizer,
        options: RecognitionOptions,
        *,
        expected: float,
        on_progress: Progress,
        cancelled: Callable[[], bool],
        specialist: Specialist | None = None,
        offset: float = 0.0,
    ) -> None:
        """Start a session. `expected` is the probed length in seconds, used for progress.

        The `specialist` transcribes windows certainly in its language. Warnings name times
        `offset` seconds later, if the sound is an excerpt of a recording.
        """
        self.segments: list[RecognizedSegment] = []
        self.languages: list[RecognizedLanguage] = []
        self.duration = 0.0
        self.speech_duration = 0.0
        #: Whether there are words of the specialist, and of the recognizer.
        self.is_specialized = self.is_general = False
        self._offset = offset
        self._specialist = specialist
        self._special: Decoded | None = None
        self._recognizer = recognizer
        self._options = options
        self._expected = expected
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._doubts: list[Doubt] = []
        self._trials: dict[Place, list[RecognizedSegment]] = {}
        self._relistening = Relistening(self._decode)
        self._search = LanguageSearch(self._detect, self._decode, self._relistening.judge)
        self._plain = PlainSpeech(self._detect, self._decode)
        self._reported = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the owner about languages in doubt."""
        return doubts.warnings(self._doubts)

    def add(self, window: AudioWindow) -> None:
        """Recognize the next window. Raise TaskCancelledError when asked to stop."""
        self._report(window.start, window)
        self._trials = {}
        spans = self._recognizer.find_speech(window.samples)
        self.speech_duration += total_length(spans) / SAMPLE_RATE
        self._report(window.start + _SPEECH_SHARE * window.duration, window)
        found: list[RecognizedSegment] = []
        for decoded in self._decoded(window, spans):
            self._note_language(window, decoded.part)
            is_special = decoded is self._special
            self.is_specialized |= is_special
            self.is_general |= not is_special
            found += decoded.segments
        moved = (_moved(segment, window.start) for segment in found)
        self.segments.extend(sorted(moved, key=lambda segment: (segment.start, segment.end)))
        self.duration = window.end
        self._report(window.end, window)

    def _decoded(self, window: AudioWindow, spans: Sequence[Span]) -> list[Decoded]:
        """Return the parts of the window's speech, each in one language, with their words."""
        if not spans:
            return []
        sound = window.samples
        if self._options.language is not None:
            given = self._options.language
            part = Part(start=0, end=len(sound), spans=tuple(spans), language=given)
            return [self._specialized(window, part) or self._heard_in(window, part)]
        known: dict[Place, Decoded] = {}
        # A later window profits from the languages of earlier ones.
        plain = None if self._search.languages else self._plain.part(sound, spans)
        if plain is not None:
            special = self._specialized(window, plain)
            decoded = special or self._heard_in(window, plain)
            if is_sure(sound, decoded):
                self._search.add(plain)
                return [decoded]
            if special is None:
                known[plain.place] = decoded
        whole, languages = self._search.listen(sound, spans)
        self._report(window.start + _LANGUAGE_SHARE * window.duration, window)
        if plain is None:
            special = self._specialized_whole(window, replace(whole, language=languages[0]))
            if special is not None:
                return [special]
        rounds: list[tuple[list[Decoded], list[Doubt]]] = []
        for _ in range(_MOST_REVIEWS):
            parts = self._search.divide(sound, whole, languages)
            found = [
                replace(known[part.place], part=part)
                if part.place in known
                else self._heard_in(window, part)
                for part in parts
            ]
            known |= {one.part.place: one for one in found}
            settled = [one.part.language for one in found for _ in one.part.stretches]
            spoken = list(dict.fromkeys([*self._search.languages, *settled]))
            languages, doubts = self._relistening.review(sound, whole, found, spoken)
            rounds.append((found, doubts))
            if languages == settled:
                break
        else:
            # The words of no round confirm its languages. The surest ones are the best guess.
            rounds.sort(key=lambda one: certainty(one[0]))
        found, doubts = rounds[-1]
        self._note_doubts(window, doubts)
        return found

    def _specialized(self, window: AudioWindow, part: Part) -> Decoded | None:
        """Return a part with the words of the specialist, None if it does not take the part."""
        if self._specialist is None or not self._specialist.takes(part, self._options):
            return None
        self._special = self._words_of(self._specialist.transcriber, window, part)
        return self._special

    def _specialized_whole(self, window: AudioWindow, whole: Part) -> Decoded | None:
        """Return long speech with the words of the specialist, if it is in one language."""
        if self._search.languages != [whole.language] or self._specialist is None:
            return None
        return self._specialized(window, whole) if self._specialist.is_alone(whole) else None

    def _heard_in(self, window: AudioWindow, part: Part) -> Decoded:
        """Return a part with its words."""
        return self._words_of(self._recognizer, window, part)

    def _words_of(self, model: Transcriber, window: AudioWindow, part: Part) -> Decoded:
        """Return a part with its words by a model, and report the progress."""
        found = []
        for segment in self._moved_words(model.transcribe, window.samples, part):
            self._report(window.start + segment.end, window)
            found.append(segment)
        return Decoded(part=part, segments=tuple(found))

    def _decode(self, sound: Samples, part: Part) -> list[RecognizedSegment]:
        """Return the words of a part that is decoded on trial, once in each window."""
        if part.place not in self._trials:
            found = []
            for segment in self._moved_words(self._recognizer.attempt, sound, part):
                self._check_cancelled()
                found.append(segment)
            self._trials[part.place] = found
        return self._trials[part.place]

    def _moved_words(
        self, recognize: _Recognize, sound: Samples, part: Part
    ) -> Iterator[RecognizedSegment]:
        """Yield the words of a part, decoded without the sound outside of it."""
        spans = [
            Span(start=span.start - part.start, end=span.end - part.start) for span in part.spans
        ]
        piece = sound[part.start : part.end]
        for segment in recognize(piece, spans, part.language, self._options):
            yield _moved(segment, part.start / SAMPLE_RATE)

    def _detect(self, sound: Samples) -> Heard:
        self._check_cancelled()
        return Heard(
            seconds=len(sound) / SAMPLE_RATE,
            probabilities=self._recognizer.detect_language(sound),
        )

    def _note_doubts(self, window: AudioWindow, found: Sequence[Doubt]) -> None:
        start = self._offset + window.start
        self._doubts += [
            replace(doubt, start=doubt.start + start, end=doubt.end + start)
            for doubt in (*self._relistening.take_doubts(), *found)
        ]

    def _note_language(self, window: AudioWindow, part: Part) -> None:
        span = RecognizedLanguage(
            start=window.start + part.spans[0].start / SAMPLE_RATE,
            end=window.start + part.spans[-1].end / SAMPLE_RATE,
            language=part.language,
            probability=part.probability,
        )
        before = self.languages[-1] if self.languages else None
        if (
            before is not None
            and before.language == span.language
            and span.start - before.end < _SPAN_SEAM
        ):
            longer = max(before, span, key=lambda one: one.end - one.start)
            self.languages[-1] = replace(before, end=span.end, probability=longer.probability)
        else:
            self.languages.append(span)

    def _report(self, moment: float, window: AudioWindow) -> None:
        self._check_cancelled()
        whole = max(self._expected, window.end)
        self._reported = max(self._reported, min(1.0, moment / whole) if whole > 0 else 1.0)
        self._on_progress(self._reported, _STEP)

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise TaskCancelledError


def _moved(segment: RecognizedSegment, offset: float) -> RecognizedSegment:
    """Return the segment `offset` seconds later."""
    words = tuple(
        replace(word, start=word.start + offset, end=word.end + offset) for word in segment.words
    )
    return replace(segment, start=segment.start + offset, end=segment.end + offset, words=words)
