"""Speech recognition with Moonshine base, in English."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from faster_whisper.vad import VadOptions, get_speech_timestamps

from common.audio.resampling import SAMPLE_RATE, Samples
from common.engines import EngineSettings
from common.models.manifest import MOONSHINE_BASE
from transcriber.worker.engines import attention_times, speech_pieces
from transcriber.worker.engines.greedy_decoding import Token
from transcriber.worker.engines.moonshine_model import FRAME, LONGEST, MoonshineModel
from transcriber.worker.engines.moonshine_tokens import END, TokenWord
from transcriber.worker.engines.protocol import (
    LiveSpeech,
    LiveWords,
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.voice_activity import Span, SpeechMap, regions, total_length
from transcriber.worker.engines.windowed import WindowedEngine

LANGUAGE = "en"

#: Pauses from this length on are left out of the sound that is decoded.
_PAUSE = round(2.0 * SAMPLE_RATE)
#: Margin around speech, so that no beginning or end of a word is lost.
_PAD = round(0.4 * SAMPLE_RATE)
#: Pauses from this length on separate spans of speech.
_SHORT_PAUSE_MS = 200
#: A segment ends with a sentence or before a pause of this length, in seconds.
_SENTENCE = (".", "?", "!")
_SEGMENT_PAUSE = 1.0
#: Less speech than this is hardly a word.
_LEAST_APART = round(0.3 * SAMPLE_RATE)
#: Time between the middle of a frame's sound and the moment that its attention stands for.
_OFFSET = -0.01


class MoonshineEngine(WindowedEngine):
    """SpeechEngine over Moonshine base. It knows English, and ignores phrases."""

    def __init__(self, directory: Path, *, threads: int, window_seconds: float) -> None:
        """Load the converted model from its directory. Takes a second."""
        super().__init__(
            MoonshineRecognizer(MoonshineModel(directory, threads=threads)),
            model=MOONSHINE_BASE.name,
            model_version=f"onnxruntime-{version('onnxruntime')}/{MOONSHINE_BASE.version}",
            languages=frozenset({LANGUAGE}),
            window_seconds=window_seconds,
        )


class MoonshineRecognizer:
    """A loaded model with its speech detector, as a WindowRecognizer."""

    def __init__(self, model: MoonshineModel) -> None:
        self._model = model

    def find_speech(self, sound: Samples) -> list[Span]:
        """Return the stretches of speech between pauses, found by the Silero detector."""
        if not len(sound):
            return []
        options = VadOptions(min_silence_duration_ms=_SHORT_PAUSE_MS, speech_pad_ms=0)
        found = get_speech_timestamps(sound, options)
        return [Span(start=int(span["start"]), end=int(span["end"])) for span in found]

    def detect_language(self, _sound: Samples) -> dict[str, float]:
        """Return English, the only language of the model."""
        return {LANGUAGE: 1.0}

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, _options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`, piece by piece."""
        speech = SpeechMap(regions(spans, gap=_PAUSE, pad=_PAD, total=len(sound)))
        joined = speech.cut(sound)
        inside = [speech.find(span) for span in spans]
        packed = speech_pieces.pieces(joined, inside, longest=LONGEST - 2 * _PAD)
        for piece in regions(packed, gap=0, pad=_PAD, total=len(joined)):
            words = self._words(joined, piece, inside)
            yield from _segments([_placed(word, speech) for word in words], language)

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`. There is no cheaper way."""
        return self.transcribe(sound, spans, language, options)

    def continued(self, speech: LiveSpeech) -> LiveWords:
        """Return the words of live speech after those `before`, as described in Continuer."""
        given = _tokens(speech.before)
        follow = bool(given) or not speech.before
        guess = _tokens(speech.guess) if follow else ()
        # Where the sound ended before, the model may have heard the end of a sentence that goes on.
        spoken = self._model.vocabulary.spoken_length(given)
        given, guess = given[:spoken], given[spoken:] + guess
        whole = Span(start=0, end=len(speech.samples))
        found = tuple(self._words(speech.samples, whole, speech.spans, given=given, guess=guess))
        if follow and speech.before and not found:
            # The model may take the end of a sentence for that of all, also if there is more.
            found = tuple(self._apart(speech))
        return LiveWords(words=found, follow=follow)

    def _apart(self, speech: LiveSpeech) -> Iterator[RecognizedWord]:
        """Yield the words that follow those `before` after a pause, heard without them."""
        spoken = round(speech.before[-1].end * SAMPLE_RATE)
        spans = [span for span in speech.spans if span.start >= spoken]
        if total_length(spans) < _LEAST_APART:
            return
        piece = Span(start=max(spoken, spans[0].start - _PAD), end=len(speech.samples))
        yield from self._words(speech.samples, piece, spans)

    def _words(
        self,
        sound: Samples,
        piece: Span,
        spans: Sequence[Span],
        *,
        given: Sequence[int] = (),
        guess: Sequence[int] = (),
    ) -> Iterator[RecognizedWord]:
        """Yield the words of a piece, in seconds from the beginning of the sound.

        Those of the tokens `given` are left out.
        """
        tokens = self._model.tokens(sound[piece.start : piece.end], given=given, guess=guess)
        text = tokens[:-1] if tokens and tokens[-1].number == END else tokens
        last = (piece.end - piece.start) // FRAME
        frames = [*attention_times.starts([token.attention for token in tokens]), last]
        moments = [(piece.start + frame * FRAME) / SAMPLE_RATE + _OFFSET for frame in frames]
        numbers = [token.number for token in text]
        for word in self._model.vocabulary.words(numbers):
            if word.start < len(given):
                continue
            start, end = within_speech(moments[word.start], moments[word.core_end], spans)
            yield RecognizedWord(
                text=word.text,
                start=start,
                end=end,
                probability=_probability(text, word),
                tokens=tuple(numbers[word.start : word.end]),
            )


def within_speech(start: float, end: float, spans: Sequence[Span]) -> tuple[float, float]:
    """Return the times of a word, in seconds, without pauses at its beginning and end."""
    inside = [
        (max(start, span.start / SAMPLE_RATE), min(end, span.end / SAMPLE_RATE))
        for span in spans
        if span.start / SAMPLE_RATE < end and start < span.end / SAMPLE_RATE
    ]
    return (inside[0][0], inside[-1][1]) if inside else (max(start, 0.0), max(end, 0.0))


def _tokens(words: Sequence[RecognizedWord]) -> tuple[int, ...]:
    """Return the tokens of words, none if those of a word are not known."""
    if not all(word.tokens for word in words):
        return ()
    return tuple(token for word in words for token in word.tokens)


def _probability(tokens: Sequence[Token], word: TokenWord) -> float:
    """Return the probability of a word, the mean of its tokens without punctuation."""
    own = [token.probability for token in tokens[word.start : word.core_end]]
    return sum(own) / len(own)


def _placed(word: RecognizedWord, speech: SpeechMap) -> RecognizedWord:
    start, end = speech.place(word.start, word.end)
    return replace(word, start=start, end=end)


def _segments(words: Sequence[RecognizedWord], language: str) -> Iterator[RecognizedSegment]:
    """Yield words in segments, up to the ends of sentences and to pauses."""
    begin = 0
    for number, word in enumerate(words, 1):
        if (
            number == len(words)
            or word.text.endswith(_SENTENCE)
            or words[number].start - word.end >= _SEGMENT_PAUSE
        ):
            yield _segment(words[begin:number], language)
            begin = number


def _segment(words: Sequence[RecognizedWord], language: str) -> RecognizedSegment:
    logarithms = [math.log(max(word.probability, 1e-6)) for word in words]
    return RecognizedSegment(
        start=words[0].start,
        end=max(word.end for word in words),
        text=" ".join(word.text for word in words),
        words=tuple(words),
        language=language,
        avg_logprob=sum(logarithms) / len(logarithms),
        no_speech_prob=0.0,
        compression_ratio=0.0,
        temperature=0.0,
    )


def load(settings: EngineSettings) -> MoonshineEngine:
    """Load the engine. It runs on the CPU, whatever the device.

    Raises:
        ModelError: the model is missing, altered or not converted.
    """
    return MoonshineEngine(
        settings.models.converted(MOONSHINE_BASE.name),
        threads=settings.threads,
        window_seconds=settings.window_seconds,
    )
