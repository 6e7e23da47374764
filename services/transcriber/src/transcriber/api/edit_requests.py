"""Conversion of operations from messages."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from common import characters
from common.errors import ValidationError
from common.times import seconds
from securetranscribe.v1 import transcript_pb2
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId
from transcriber.editing.replacement import Query

MOST_OPERATIONS = 1000
LONGEST_TEXT = 10_000
MOST_TRANSCRIPTIONS = 100
LONGEST_QUERY = 1000
LONGEST_REQUEST_ID = 64

_FIELDS = "operations"


def operations(messages: Iterable[transcript_pb2.EditOperation]) -> list[ops.Operation]:
    """Convert the operations of a batch.

    Raises:
        ValidationError: there are none or too many, or one is incomplete or malformed.
    """
    messages = list(messages)
    if not 1 <= len(messages) <= MOST_OPERATIONS:
        raise _invalid(f"A batch has 1 to {MOST_OPERATIONS} operations.")
    return [_operation(message) for message in messages]


def transcriptions(ids: Sequence[int]) -> Sequence[int]:
    """Check the transcriptions of a request for many.

    Raises:
        ValidationError: there are none or too many.
    """
    if not 1 <= len(ids) <= MOST_TRANSCRIPTIONS:
        raise ValidationError.of(
            "transcription_ids", f"Name 1 to {MOST_TRANSCRIPTIONS} transcriptions."
        )
    return ids


def request_id(text: str) -> str:
    """Check an idempotency key.

    Raises:
        ValidationError: it is too long.
    """
    if len(text) > LONGEST_REQUEST_ID:
        raise ValidationError.of(
            "request_id", f"request_id must not exceed {LONGEST_REQUEST_ID} characters."
        )
    return text


def query(message: transcript_pb2.ReplaceTextRequest) -> Query:
    """Convert a query.

    Raises:
        ValidationError: a text is empty, too long, or has control characters.
    """
    if not message.query:
        raise ValidationError.of("query", "There is no text to find.")
    for field, text in (("query", message.query), ("replacement", message.replacement)):
        if len(text) > LONGEST_QUERY:
            raise ValidationError.of(field, f"{field} must not exceed {LONGEST_QUERY} characters.")
        if characters.has_forbidden(text):
            raise ValidationError.of(field, f"{field} must not contain control characters.")
    return Query(
        text=message.query,
        replacement=message.replacement,
        match_case=message.match_case,
        whole_words=message.whole_words,
        regular_expression=message.regular_expression,
    )


def _operation(message: transcript_pb2.EditOperation) -> ops.Operation:
    kind = message.WhichOneof("operation")
    if kind is None:
        raise _invalid("Each operation must be of a known kind.")
    converted: ops.Operation = _CONVERSIONS[kind](getattr(message, kind))
    return converted


def _replace_words(message: transcript_pb2.ReplaceWords) -> ops.Operation:
    first, last = item(message.first_word_id), item(message.last_word_id)
    return ops.ReplaceWords(first=first, last=last, text=_text(message.text))


def _delete_words(message: transcript_pb2.DeleteWords) -> ops.Operation:
    return ops.DeleteWords(first=item(message.first_word_id), last=item(message.last_word_id))


def _insert_words(message: transcript_pb2.InsertWords) -> ops.Operation:
    after = item(message.after_word_id) if message.after_word_id else None
    segment = item(message.segment_id)
    return ops.InsertWords(segment=segment, after=after, text=_text(message.text))


def _split_segment(message: transcript_pb2.SplitSegment) -> ops.Operation:
    return ops.SplitSegment(word=item(message.word_id))


def _merge_segments(message: transcript_pb2.MergeSegments) -> ops.Operation:
    first, second = item(message.first_segment_id), item(message.second_segment_id)
    return ops.MergeSegments(first=first, second=second)


def _move_edges(message: transcript_pb2.MoveEdges) -> ops.Operation:
    start = seconds(message.start) if message.HasField("start") else None
    end = seconds(message.end) if message.HasField("end") else None
    if start is None and end is None:
        raise _invalid("Moving edges needs a start or an end.")
    if (start or 0.0) < 0 or (end or 0.0) < 0:
        raise _invalid("Edges must not be negative.")
    return ops.MoveEdges(segment=item(message.segment_id), start=start, end=end)


def _set_speaker(message: transcript_pb2.SetSpeaker) -> ops.Operation:
    first, last = item(message.first_word_id), item(message.last_word_id)
    return ops.SetSpeaker(first=first, last=last, speaker=message.speaker_label)


def _merge_speakers(message: transcript_pb2.MergeSpeakers) -> ops.Operation:
    return ops.MergeSpeakers(speaker=message.speaker_label, into=message.into_speaker_label)


def _set_reviewed(message: transcript_pb2.SetReviewed) -> ops.Operation:
    return ops.SetReviewed(segment=item(message.segment_id), reviewed=message.reviewed)


def _set_starred(message: transcript_pb2.SetStarred) -> ops.Operation:
    return ops.SetStarred(segment=item(message.segment_id), starred=message.starred)


def _add_note(message: transcript_pb2.AddNote) -> ops.Operation:
    text = _text(message.text)
    if not text:
        raise _invalid("A note needs text.")
    first, last = item(message.first_word_id), item(message.last_word_id)
    return ops.AddNote(first=first, last=last, text=text)


def _change_note(message: transcript_pb2.ChangeNote) -> ops.Operation:
    return ops.ChangeNote(note=item(message.note_id), text=_text(message.text))


_CONVERSIONS: dict[str, Callable[[Any], ops.Operation]] = {
    "replace_words": _replace_words,
    "delete_words": _delete_words,
    "insert_words": _insert_words,
    "split_segment": _split_segment,
    "merge_segments": _merge_segments,
    "move_edges": _move_edges,
    "set_speaker": _set_speaker,
    "merge_speakers": _merge_speakers,
    "set_reviewed": _set_reviewed,
    "set_starred": _set_starred,
    "add_note": _add_note,
    "change_note": _change_note,
}


def item(text: str) -> ItemId:
    """Convert the identifier of a word, segment or note.

    Raises:
        ValidationError: it is malformed.
    """
    try:
        return ItemId.parse(text)
    except ValueError:
        raise _invalid(f"{text[:40]!r} does not identify a word, segment or note.") from None


def _text(text: str) -> str:
    tidy = characters.tidied(text)
    if len(tidy) > LONGEST_TEXT:
        raise _invalid(f"Texts must not exceed {LONGEST_TEXT} characters.")
    if characters.has_forbidden(tidy):
        raise _invalid("Texts must not contain control characters.")
    return tidy


def _invalid(message: str) -> ValidationError:
    return ValidationError.of(_FIELDS, message)
