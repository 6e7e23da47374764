"""Conversion between values of the recognizer and messages."""

from common.errors import ValidationError
from common.times import duration
from securetranscribe.v1 import speech_pb2
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
            language=config.language.strip().lower() or None,
            beam_size=config.beam_size or beam_size,
            phrases=tuple(config.phrases),
        )
    except ValueError as error:
        raise ValidationError.of("beam_size", str(error)) from error


def to_message(found: Recognition) -> speech_pb2.Recognition:
    """Convert a recognition to its message."""
    return speech_pb2.Recognition(
        segments=[_segment(segment) for segment in found.segments],
        languages=[_language(span) for span in found.languages],
        duration=duration(found.duration),
        speech_duration=duration(found.speech_duration),
        model=found.model,
        model_version=found.model_version,
        processing_duration=duration(found.processing_seconds),
        warnings=found.warnings,
    )


def _segment(segment: RecognizedSegment) -> speech_pb2.RecognizedSegment:
    return speech_pb2.RecognizedSegment(
        start=duration(segment.start),
        end=duration(segment.end),
        text=segment.text,
        words=[_word(word) for word in segment.words],
        language=segment.language,
        average_log_probability=segment.avg_logprob,
        no_speech_probability=segment.no_speech_prob,
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
