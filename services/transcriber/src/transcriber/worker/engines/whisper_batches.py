"""Decoding of chunks of several recordings together, with the results of faster-whisper.

Its BatchedInferencePipeline computes the chunks of one recording together. Here the steps between
features and tokens are the same, but run on chunks of all recordings in work.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import (
    Segment,
    Word,
    get_compression_ratio,
    get_suppressed_tokens,
)

from common.audio.resampling import SAMPLE_RATE, Samples
from common.batching import Batcher, BatchLimits
from transcriber.worker.engines.voice_activity import Span

Features = npt.NDArray[np.floating[Any]]

#: Lengths of sound for the detection of a language are rounded up to so many frames of 10 ms, so
#: that they share batches.
_DETECTION_STEP = 500
#: Punctuation that belongs to the word after it, and to the one before it. Those of the library.
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"
_MEDIAN_FILTER = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decoding:
    """Kind of decoding: what all chunks of a batch must have in common.

    The model takes one start of transcript per call for the times of words, and prompts of one
    length.
    """

    language: str
    task: str
    prompt_length: int
    beam_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Detection:
    """Detection of languages in sounds of one length, in frames."""

    frames: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Chunk:
    """Sound as the model takes it, with its prompt and its length in frames without padding."""

    features: Features
    prompt: tuple[int, ...] = ()
    frames: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Decoded:
    """Tokens of a chunk, and the library's result for the times of its words."""

    tokens: list[int]
    avg_logprob: float
    no_speech_prob: float
    alignment: Any


class WhisperBatches:
    """Batches over one loaded model."""

    def __init__(self, whisper: WhisperModel, *, name: str, limits: BatchLimits) -> None:
        self._whisper = whisper
        self._batcher: Batcher[Any, _Chunk, Any] = Batcher(self._run, model=name, limits=limits)
        # The library computes the times of words from what its model returns. This copy of it gets
        # results that the model has returned already.
        self._timing = copy.copy(whisper)
        self._timing.model = _Answered()

    def recording(self) -> AbstractContextManager[None]:
        """Count a recording in work on this thread."""
        return self._batcher.recording()

    def detect(self, features: Features, frames: int) -> list[tuple[str, float]]:
        """Return the tokens of languages with their probabilities, in features of a sound.

        The model hears at least so many `frames`.
        """
        most = self._whisper.feature_extractor.nb_max_frames
        rounded = min(most, math.ceil(frames / _DETECTION_STEP) * _DETECTION_STEP)
        chunk = _Chunk(features=pad_or_trim(features, rounded))
        (found,) = self._batcher.answers(_Detection(frames=rounded), [chunk])
        return list(found)

    def transcribe(
        self,
        sound: Samples,
        clips: Sequence[Span],
        *,
        language: str,
        task: str,
        beam_size: int,
        hotwords: str | None,
    ) -> Iterator[Segment]:
        """Yield the text of each clip of the sound, as BatchedInferencePipeline does."""
        whisper = self._whisper
        tokenizer = Tokenizer(
            whisper.hf_tokenizer, whisper.model.is_multilingual, task=task, language=language
        )
        prompt = tuple(
            whisper.get_prompt(tokenizer, [], without_timestamps=True, hotwords=hotwords)
        )
        kind = _Decoding(
            language=language, task=task, prompt_length=len(prompt), beam_size=beam_size
        )
        chunks = (self._chunk(sound[clip.start : clip.end], prompt) for clip in clips)
        spoken_until = 0.0
        answers = self._batcher.answers(kind, chunks)
        for number, (clip, decoded) in enumerate(zip(clips, answers, strict=True), 1):
            found = self._segment(tokenizer, clip, decoded)
            spoken_until = self._timing.add_word_timestamps(
                [[found]],
                tokenizer,
                [decoded.alignment],
                [_frames(clip.length)],
                _PREPENDED,
                _APPENDED,
                spoken_until,
            )
            yield _to_library(number, found)

    def _chunk(self, sound: Samples, prompt: tuple[int, ...]) -> _Chunk:
        features = self._whisper.feature_extractor(sound)[..., :-1]
        return _Chunk(features=pad_or_trim(features), prompt=prompt, frames=_frames(len(sound)))

    def _segment(self, tokenizer: Tokenizer, clip: Span, decoded: _Decoded) -> dict[str, Any]:
        """Return the text of a clip as the library's own functions pass it on."""
        start = clip.start / SAMPLE_RATE
        text = tokenizer.decode(decoded.tokens)
        return {
            "seek": int(start * self._whisper.frames_per_second),
            "start": start,
            "end": start + clip.length / SAMPLE_RATE,
            "text": text,
            "tokens": decoded.tokens,
            "avg_logprob": decoded.avg_logprob,
            "no_speech_prob": decoded.no_speech_prob,
            "compression_ratio": get_compression_ratio(text),
        }

    def _run(self, kind: _Decoding | _Detection, chunks: Sequence[_Chunk]) -> Sequence[Any]:
        """Compute a batch of one kind, on the thread of the batcher."""
        encoded = self._whisper.encode(np.stack([chunk.features for chunk in chunks]))
        if isinstance(kind, _Detection):
            return list(self._whisper.model.detect_language(encoded))
        return self._decode(kind, encoded, chunks)

    def _decode(self, kind: _Decoding, encoded: Any, chunks: Sequence[_Chunk]) -> list[_Decoded]:
        whisper = self._whisper
        tokenizer = Tokenizer(
            whisper.hf_tokenizer,
            whisper.model.is_multilingual,
            task=kind.task,
            language=kind.language,
        )
        results = whisper.model.generate(
            encoded,
            [list(chunk.prompt) for chunk in chunks],
            beam_size=kind.beam_size,
            max_length=whisper.max_length,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
            sampling_temperature=0.0,
        )
        tokens = [list(result.sequences_ids[0]) for result in results]
        alignments = whisper.model.align(
            encoded,
            tokenizer.sot_sequence,
            [[token for token in text if token < tokenizer.eot] for text in tokens],
            [chunk.frames for chunk in chunks],
            median_filter_width=_MEDIAN_FILTER,
        )
        return [
            _Decoded(
                tokens=text,
                avg_logprob=result.scores[0] * len(text) / (len(text) + 1),
                no_speech_prob=result.no_speech_prob,
                alignment=alignment,
            )
            for result, text, alignment in zip(results, tokens, alignments, strict=True)
        ]


class _Answered:
    """Stands for the model where its results are known."""

    def align(self, results: Any, *_others: object, **_options: object) -> Any:
        return results


def _frames(samples: int) -> int:
    """Return the length of sound in frames, in whole seconds as the library counts."""
    return math.ceil(samples / SAMPLE_RATE) * 100


def _to_library(number: int, found: dict[str, Any]) -> Segment:
    return Segment(
        id=number,
        seek=found["seek"],
        start=round(found["start"], 3),
        end=round(found["end"], 3),
        text=found["text"],
        tokens=found["tokens"],
        avg_logprob=found["avg_logprob"],
        compression_ratio=found["compression_ratio"],
        no_speech_prob=found["no_speech_prob"],
        words=[Word(**word) for word in found["words"]],
        temperature=0.0,
    )
