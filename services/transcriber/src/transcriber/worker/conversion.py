"""Conversion between values of the recognizer and messages."""

from collections.abc import Mapping, Sequence

from common import languages
from common.errors import ValidationError
from common.tasks.signals import joined_warnings
from common.times import duration
from securetranscribe.v1 import speech_pb2
from transcriber.worker.channels import join_languages
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
    RecognizedWord,
)

_PHRASES = 200


def options_of(config: speech_pb2.RecognitionConfig, beam_size: int) -> RecognitionOptions:
    """Return the options of a request, by default with the worker's beam width.

    Raises:
        ValidationError: a value is out of range.
    """
    if len(config.phrases) > _PHRASES:
        raise ValidationError.of("phrases", f"At most {_PHRASES} phrases can be given.")
    try:
        return RecognitionOptions(
            language=languages.requested(config.language) or None,
            beam_size=config.beam_size or beam_size,
            phrases=tuple(config.phrases),
            translate=config.translate,
            alone=bool(config.model),
        )
    except ValueError as error:
        raise ValidationError.of("beam_size", str(error)) from error


def to_message(
    found: Mapping[int, Recognition], warnings: Sequence[str] = ()
) -> speech_pb2.Recognition:
    """Convert the recognitions of signals, by their numbers, to one message.

    `warnings` are added to those of the signals.
    """
    some = next(iter(found.values()))
    segments = [(number, segment) for number, one in found.items() for segment in one.segments]
    segments.sort(key=lambda item: (item[1].start, item[0]))
    spans = [span for one in found.values() for span in one.languages]
    return speech_pb2.Recognition(
        segments=[_segment(segment, number) for number, segment in segments],
        languages=[_language(span) for span in join_languages(spans)],
        duration=duration(max(one.duration for one in found.values())),
        speech_duration=duration(sum(one.speech_duration for one in found.values())),
        model=some.model,
        model_version=some.model_version,
        processing_duration=duration(sum(one.processing_seconds for one in found.values())),
        warnings=joined_warnings([*(one.warnings for one in found.values()), warnings]),
    )


def _segment(segment: RecognizedSegment, signal: int) -> speech_pb2.RecognizedSegment:
    return speech_pb2.RecognizedSegment(
        start=duration(segment.start),
        end=duration(segment.end),
        text=segment.text,
        words=[_word(word) for word in segment.words],
        language=segment.language,
        average_log_probability=segment.avg_logprob,
        no_speech_probability=segment.no_speech_prob,
        signal_index=signal,
    )


def _word(word: RecognizedWord) -> speech_pb2.RecognizedWord:
    return speech_pb2.RecognizedWord(
        text=word.text,
        start=duration(word.start),
        end=duration(word.end),
        probability=word.probability,
    )


def _language(span: RecognizedLanguage) -> speech_pb2.LanguageSpan:
    return speech_pb2.LanguageSpan(
        start=duration(span.start),
        end=duration(span.end),
        language=span.language,
        probability=span.probability,
    )
