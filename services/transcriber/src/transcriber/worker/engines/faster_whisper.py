"""Speech recognition with Whisper models in the format of CTranslate2."""

import os

# Idle threads sleep. Spinning ones would take the CPU from processes next to this one.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# isort: split
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.vad import VadOptions, get_speech_timestamps

from common import gpu, languages
from common.audio.resampling import SAMPLE_RATE, Samples
from common.batching import BatchLimits
from common.engines import Device, EngineSettings
from common.models.store import RecognitionModel
from transcriber.worker.engines import cublas, invention, whisper_alignment
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.voice_activity import (
    Span,
    SpeechMap,
    chunks,
    regions,
    without_words,
)
from transcriber.worker.engines.whisper_batches import WhisperBatches
from transcriber.worker.engines.windowed import WindowedEngine

#: Shorter pauses are decoded as part of the speech around them.
_PAUSE = round(2.0 * SAMPLE_RATE)
#: Margin around speech, so that no beginning or end of a word is lost.
_PAD = round(0.4 * SAMPLE_RATE)
#: Pauses from this length on separate spans of speech.
_SHORT_PAUSE_MS = 200
#: Length of chunks in the batched mode. Longer ones lose words.
_CHUNK = 20 * SAMPLE_RATE
#: Speech of this length without a word is decoded again.
_UNHEARD = round(1.5 * SAMPLE_RATE)
#: Most sound from which a language is detected.
_DETECTED = 30 * SAMPLE_RATE
#: Silence after the sound from which a language is detected, in frames of 10 ms. The model expects
#: 30 s, but hears the language as well without the rest of the silence, at a tenth of the cost.
_SILENT_FRAMES = 100
#: The same for the words of live speech, and the least sound in all, in frames of 10 ms. With less,
#: they are repeated.
_SILENT_FRAMES_OF_WORDS, _LEAST_FRAMES = 300, 1500
#: Words may begin and end this far outside of the detected speech.
_WORD_SLACK = round(0.5 * SAMPLE_RATE)

#: Limit of Whisper for the compression of a text, from which on it is decoded again.
_REPETITIVE = 2.4

#: Temperatures at which unsure text is decoded again, those of Whisper. Batches have the first.
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

_SEED = 1

#: Words in the names of multilingual models that write down speech only in its own language.
_WITHOUT_TRANSLATION = ("turbo", "distil")

Features = npt.NDArray[np.float32]
#: Maps a stretch (start and end in seconds) of the decoded sound to the given sound.
_Place = Callable[[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class FasterWhisperSettings:
    """Settings of this engine.

    `compute_type` None means int8 on a CPU and float16 on a GPU. `batched` None means batches only
    on a GPU or for several recordings `at_once`, since they are no faster on a CPU. A batch has up
    to `batch_size` chunks. A window of sound has at most `window_seconds`.
    """

    device: Device = "cpu"
    compute_type: str | None = None
    threads: int = 1
    window_seconds: float = 600.0
    batched: bool | None = None
    batch_size: int = 16
    at_once: int = 1


class FasterWhisperEngine(WindowedEngine):
    """SpeechEngine over a Whisper model."""

    def __init__(self, model: RecognitionModel, settings: FasterWhisperSettings) -> None:
        """Load the model from its directory, which takes seconds."""
        recognizer = WhisperRecognizer(model, settings)
        self._aligner = recognizer
        super().__init__(
            recognizer,
            model=model.name,
            model_version=f"faster-whisper-{version('faster-whisper')}/{model.version}",
            languages=recognizer.languages,
            window_seconds=settings.window_seconds,
            at_once=settings.at_once,
            recording=recognizer.recording,
        )

    @property
    def translates(self) -> bool:
        """Whether the model translates speech to English."""
        return self._aligner.translates

    def align(
        self, samples: Samples, words: Sequence[str], language: str
    ) -> list[tuple[float, float]]:
        """Return the times of words, as described in WordAligner."""
        return self._aligner.align(samples, words, language)


class BriefWhisper(WhisperModel):  # type: ignore[misc]  # The library has no types.
    """A loaded model that hears less of the silence behind brief sound.

    Whisper was trained on sound of 30 s, and the library adds silence up to that.
    """

    def __init__(self, model: WhisperModel) -> None:
        """Share everything with a model."""
        self.__dict__.update(model.__dict__)

    def encode(self, features: Features) -> ctranslate2.StorageView:
        """Encode features (mels, frames) without most of the frames of zeros at their end."""
        return super().encode(brief(features))


def brief(features: Features) -> Features:
    """Return features (mels, frames) with as much silence at their end as live speech needs."""
    heard = np.flatnonzero(features.any(axis=0))
    frames = (int(heard[-1]) + 1 if len(heard) else 0) + _SILENT_FRAMES_OF_WORDS
    # The model takes them in pairs.
    return features[:, : max(_LEAST_FRAMES, frames + frames % 2)]


class WhisperRecognizer:
    """A loaded model with its speech detector, as a WindowRecognizer."""

    def __init__(self, model: RecognitionModel, settings: FasterWhisperSettings) -> None:
        on_gpu = settings.device == "cuda"
        if on_gpu:
            gpu.require(found=ctranslate2.get_cuda_device_count() > 0, library="CTranslate2")
            cublas.load()
        # For sampling, the last resort of decoding. CTranslate2 seeds each of its threads only
        # once, so recordings that need it may differ between two runs in one process.
        ctranslate2.set_random_seed(_SEED)
        self._whisper = WhisperModel(
            str(model.directory),
            device=settings.device,
            compute_type=settings.compute_type or ("float16" if on_gpu else "int8"),
            cpu_threads=settings.threads,
            num_workers=1,
            local_files_only=True,
        )
        self._brief = BriefWhisper(self._whisper)
        batched = settings.batched
        if batched is None:
            batched = on_gpu or settings.at_once > 1
        self._batches = (
            WhisperBatches(
                self._whisper, name=model.name, limits=BatchLimits(most=settings.batch_size)
            )
            if batched
            else None
        )
        # Distilled models and the turbo model were not trained to translate.
        self.translates = self._whisper.model.is_multilingual and not any(
            name in model.name for name in _WITHOUT_TRANSLATION
        )

    @property
    def languages(self) -> frozenset[str]:
        """Codes of the languages that the model knows."""
        # The library lists languages that only later models have a token for, such as Cantonese.
        # It leaves one without a token out of the prompt, and the model guesses.
        return frozenset(
            languages.from_model(code)
            for code in self._whisper.supported_languages
            if not self._whisper.model.is_multilingual
            or self._whisper.hf_tokenizer.token_to_id(f"<|{code}|>") is not None
        )

    def recording(self) -> AbstractContextManager[None]:
        """Count a recording in work on this thread, whose chunks batches wait for."""
        return nullcontext() if self._batches is None else self._batches.recording()

    def find_speech(self, sound: Samples) -> list[Span]:
        """Return the stretches of speech between pauses, found by the Silero detector."""
        if not len(sound):
            return []
        options = VadOptions(min_silence_duration_ms=_SHORT_PAUSE_MS, speech_pad_ms=0)
        found = get_speech_timestamps(sound, options)
        return [Span(start=int(span["start"]), end=int(span["end"])) for span in found]

    def detect_language(self, sound: Samples) -> dict[str, float]:
        """Return the probability of each language in the first 30 s."""
        if not self._whisper.model.is_multilingual:
            return {"en": 1.0}
        features = self._whisper.feature_extractor(sound[:_DETECTED])
        most = self._whisper.feature_extractor.nb_max_frames
        frames = min(most, features.shape[-1] + _SILENT_FRAMES)
        if self._batches is not None:
            found = self._batches.detect(features, frames)
        else:
            encoded = self._whisper.encode(pad_or_trim(features, frames))
            (found,) = self._whisper.model.detect_language(encoded)
        return {languages.from_model(token[2:-2]): share for token, share in found}

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans`. Speech without words is decoded again.

        Both ways of decoding occasionally skip seconds of speech, and seldom the same ones if they
        start elsewhere.
        """
        words: list[tuple[int, int]] = []
        for segment in self._decode(sound, spans, language, options):
            words += [_in_samples(word) for word in segment.words]
            yield segment
        left = without_words(spans, words, slack=_WORD_SLACK)
        unheard = [span for span in left if span.length >= _UNHEARD]
        if unheard:
            again = self._one_by_one(sound, unheard, language, options, can_loop=False)
            yield from (segment for segment in again if is_credible(segment))

    def align(
        self, sound: Samples, words: Sequence[str], language: str
    ) -> list[tuple[float, float]]:
        """Return the start and end in seconds of words, none if they cannot be placed."""
        code = languages.to_model(language)
        return whisper_alignment.align(self._whisper, sound, words, code)

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of the speech at `spans` in a language that it may not be in.

        Nothing is decoded again. In a wrong language, other attempts are as unsure as the first,
        and there are up to six of them.
        """
        return self._decode(sound, spans, language, options, tries=1)

    def listen(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        """Yield the text of brief speech at less than half the cost. Nothing is decoded again."""
        if self._batches is not None:
            return self._in_batches(self._batches, sound, spans, language, options)
        return self._one_by_one(sound, spans, language, options, tries=1, whisper=self._brief)

    def _decode(
        self,
        sound: Samples,
        spans: Sequence[Span],
        language: str,
        options: RecognitionOptions,
        *,
        tries: int = len(_TEMPERATURES),
    ) -> Iterator[RecognizedSegment]:
        if self._batches is None:
            return self._one_by_one(sound, spans, language, options, tries=tries)
        return self._in_batches(self._batches, sound, spans, language, options)

    def _one_by_one(
        self,
        sound: Samples,
        spans: Sequence[Span],
        language: str,
        options: RecognitionOptions,
        *,
        can_loop: bool = True,
        tries: int = len(_TEMPERATURES),
        whisper: WhisperModel | None = None,
    ) -> Iterator[RecognizedSegment]:
        """Decode 30 s at a time, each from the end of the last segment, as Whisper does.

        Without `can_loop`, text that repeats itself is decoded again by sampling, which spoils
        speech that does.
        """
        speech = SpeechMap(regions(spans, gap=_PAUSE, pad=_PAD, total=len(sound)))
        found, _ = (whisper or self._whisper).transcribe(
            speech.cut(sound),
            language=languages.to_model(language),
            task=_task(options),
            beam_size=options.beam_size,
            hotwords=_hotwords(options),
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,
            temperature=_TEMPERATURES[:tries],
            compression_ratio_threshold=None if can_loop else _REPETITIVE,
        )
        return _to_domain(found, language, speech.place)

    def _in_batches(
        self,
        batches: WhisperBatches,
        sound: Samples,
        spans: Sequence[Span],
        language: str,
        options: RecognitionOptions,
    ) -> Iterator[RecognizedSegment]:
        """Decode several chunks at a time, together with those of other recordings."""
        found = batches.transcribe(
            sound,
            chunks(spans, longest=_CHUNK, pad=_PAD // 2, total=len(sound)),
            language=languages.to_model(language),
            task=_task(options),
            beam_size=options.beam_size,
            hotwords=_hotwords(options),
        )
        return _to_domain(found, language, lambda start, end: (start, end))


def is_credible(segment: RecognizedSegment) -> bool:
    """Return whether to accept text of a second attempt, since there may only be noise."""
    return segment.avg_logprob > -0.8 and segment.no_speech_prob < 0.6


def _in_samples(word: RecognizedWord) -> tuple[int, int]:
    return round(word.start * SAMPLE_RATE), round(word.end * SAMPLE_RATE)


def _to_domain(found: Iterable[Any], language: str, place: _Place) -> Iterator[RecognizedSegment]:
    """Convert segments of faster-whisper, without invented words and empty segments."""
    for segment, spoken in invention.said(found):
        words = tuple(_words(spoken, place))
        if not words:
            continue
        yield RecognizedSegment(
            start=words[0].start,
            end=max(word.end for word in words),
            text=_text(segment, spoken),
            words=words,
            language=language,
            avg_logprob=segment.avg_logprob,
            no_speech_prob=segment.no_speech_prob,
            compression_ratio=segment.compression_ratio,
            temperature=segment.temperature or 0.0,
        )


def _text(segment: Any, words: Sequence[Any]) -> str:
    whole = len(words) == len(segment.words)
    return str(segment.text if whole else "".join(word.word for word in words)).strip()


def _words(found: Iterable[Any], place: _Place) -> Iterator[RecognizedWord]:
    for word in found:
        if text := word.word.strip():
            start, end = place(float(word.start), float(word.end))
            yield RecognizedWord(
                text=text, start=start, end=end, probability=float(word.probability)
            )


def _hotwords(options: RecognitionOptions) -> str | None:
    return ", ".join(options.phrases) or None


def _task(options: RecognitionOptions) -> str:
    return "translate" if options.translate else "transcribe"


def load(settings: EngineSettings) -> FasterWhisperEngine:
    """Load the engine with the model named by the settings.

    Raises:
        ModelError: a file of the model is missing or altered.
        GpuError: a GPU is required and CTranslate2 finds none, or no cuBLAS.
    """
    return FasterWhisperEngine(
        settings.models.recognition(settings.model),
        FasterWhisperSettings(
            device=settings.device,
            compute_type=settings.compute_type or None,
            threads=settings.threads,
            window_seconds=settings.window_seconds,
            at_once=settings.at_once,
        ),
    )
