"""Conversion of vocabularies from messages to JSON models."""

from common import times
from gateway.api.vocabulary_models import CorrectionData, SuggestionData, TermData
from securetranscribe.v1 import vocabulary_pb2


def correction(message: vocabulary_pb2.Correction) -> CorrectionData:
    """Convert a correction."""
    return CorrectionData(
        correction_id=message.correction_id,
        heard=message.heard,
        meant=message.meant,
        language=message.language or None,
        match_case=message.match_case,
        use_count=message.use_count,
        created_at=times.moment(message.create_time),
    )


def term(message: vocabulary_pb2.Term) -> TermData:
    """Convert a term."""
    return TermData(
        term_id=message.term_id,
        text=message.text,
        language=message.language or None,
        transcript_count=message.transcript_count,
        created_at=times.moment(message.create_time),
    )


def suggestion(message: vocabulary_pb2.Suggestion) -> SuggestionData:
    """Convert a suggestion."""
    return SuggestionData(
        suggestion_id=message.suggestion_id,
        heard=message.heard,
        meant=message.meant,
        count=message.count,
        transcription_ids=list(message.transcription_ids),
    )
