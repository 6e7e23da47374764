"""Recognition of one recording, window by window: speech, language, text, times, progress."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.windows import AudioWindow
from common.engines import Progress
from common.tasks.task import TaskCancelledError
from transcriber.worker.engines.languages import Choice, Heard, disagree, prevailing, settle
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
)
from transcriber.worker.engines.voice_activity import Span, chunks, total_length

#: Length of the sound from which a language is detected.
LANGUAGE_SAMPLES = 30 * SAMPLE_RATE
#: The language is sampled once per this length of speech, at most `_MOST_SAMPLES` times per window.
_SPEECH_PER_SAMPLE = 150 * SAMPLE_RATE
_MOST_SAMPLES = 4
#: Spans of one language with a shorter gap (seconds) are reported as one.
_SPAN_SEAM = 60.0
#: Share of a window's work done once its speech is found, and once its language is found.
_SPEECH_SHARE = 0.02
_LANGUAGE_SHARE = 0.04
#: Name of the step, for users.
_STEP = "Recognizing speech"

#: Part of a window's speech and the language it is in.
_Part = tuple[Sequence[Span], Choice]


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
    ) -> None:
        """Start a session. `expected` is the probed length in seconds, used for progress."""
        self.segments: list[RecognizedSegment] = []
        self.languages: list[RecognizedLanguage] = []
        self.duration = 0.0
        self.speech_duration = 0.0
        self._recognizer = recognizer
        self._options = options
        self._expected = expected
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._heard: list[Heard] = []
        self._reported = 0.0

    def add(self, window: AudioWindow) -> None:
        """Recognize the next window. Raise TaskCancelledError when asked to stop."""
        self._report(window.start, window)
        spans = self._recognizer.find_speech(window.samples)
        self.speech_duration += total_length(spans) / SAMPLE_RATE
        self._report(window.start + _SPEECH_SHARE * window.duration, window)
        found: list[RecognizedSegment] = []
        parts = self._parts(window, spans)
        self._report(window.start + _LANGUAGE_SHARE * window.duration, window)
        for part, choice in parts:
            found.extend(self._transcribe(window, part, choice))
        self.segments.extend(sorted(found, key=lambda segment: (segment.start, segment.end)))
        self.duration = window.end
        self._report(window.end, window)

    def _transcribe(
        self, window: AudioWindow, spans: Sequence[Span], choice: Choice
    ) -> Iterator[RecognizedSegment]:
        self._note_language(
            RecognizedLanguage(
                start=window.start + spans[0].start / SAMPLE_RATE,
                end=window.start + spans[-1].end / SAMPLE_RATE,
                language=choice.language,
                probability=choice.probability,
            )
        )
        options = self._options
        for segment in self._recognizer.transcribe(window.samples, spans, choice.language, options):
            moved = _moved(segment, window.start)
            self._report(moved.end, window)
            yield moved

    def _note_language(self, span: RecognizedLanguage) -> None:
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

    def _parts(self, window: AudioWindow, spans: Sequence[Span]) -> list[_Part]:
        """Return the parts of the window's speech, each in one language."""
        if not spans:
            return []
        if self._options.language is not None:
            return [(spans, Choice(language=self._options.language, probability=1.0))]
        stretches = chunks(spans, longest=LANGUAGE_SAMPLES, pad=0, total=len(window.samples))
        heard = [self._listen(window, stretch) for stretch in _sampled(stretches, spans)]
        self._heard += heard
        main = prevailing(self._heard).language
        if disagree(heard):
            return self._switching(window, spans, stretches, main)
        here = prevailing(heard)
        certain = here if here.is_certain or here.language == main else None
        return [(spans, certain or Choice(language=main, probability=here.probability))]

    def _switching(
        self, window: AudioWindow, spans: Sequence[Span], stretches: Sequence[Span], main: str
    ) -> list[_Part]:
        """Detect the language of every stretch, and join neighbors in the same language."""
        choices = settle([self._listen(window, stretch) for stretch in stretches], main)
        parts: list[_Part] = []
        rows = list(zip(stretches, choices, strict=True))
        for language, group in itertools.groupby(rows, key=lambda row: row[1].language):
            row = list(group)
            inside = _between(spans, row[0][0].start, row[-1][0].end)
            probability = sum(choice.probability for _, choice in row) / len(row)
            if inside:
                parts.append((inside, Choice(language=language, probability=probability)))
        return parts

    def _listen(self, window: AudioWindow, stretch: Span) -> Heard:
        if self._cancelled():
            raise TaskCancelledError
        sound = window.samples[stretch.start : stretch.end]
        return Heard(
            seconds=stretch.length / SAMPLE_RATE,
            probabilities=self._recognizer.detect_language(sound),
        )

    def _report(self, moment: float, window: AudioWindow) -> None:
        if self._cancelled():
            raise TaskCancelledError
        whole = max(self._expected, window.end)
        self._reported = max(self._reported, min(1.0, moment / whole) if whole > 0 else 1.0)
        self._on_progress(self._reported, _STEP)


def _sampled(stretches: Sequence[Span], spans: Sequence[Span]) -> list[Span]:
    """Return a few of the stretches, spread evenly over the speech."""
    wanted = 1 + total_length(spans) // _SPEECH_PER_SAMPLE
    count = min(wanted, _MOST_SAMPLES, len(stretches))
    return [stretches[(2 * n + 1) * len(stretches) // (2 * count)] for n in range(count)]


def _between(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """Return the parts of the spans within `start` to `end`."""
    inside = (Span(start=max(s.start, start), end=min(s.end, end)) for s in spans)
    return [span for span in inside if span.length > 0]


def _moved(segment: RecognizedSegment, offset: float) -> RecognizedSegment:
    """Return the segment `offset` seconds later."""
    words = tuple(
        replace(word, start=word.start + offset, end=word.end + offset) for word in segment.words
    )
    return replace(segment, start=segment.start + offset, end=segment.end + offset, words=words)
