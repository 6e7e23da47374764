"""Conversion between protobuf transcripts and the models of their endpoints."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from common import times
from gateway.api import transcript_models as models
from securetranscribe.v1 import transcript_pb2, transcription_pb2

_Kind: TypeAlias = "transcript_pb2.RevisionKind.ValueType"
REVISION_KINDS: dict[_Kind, models.RevisionKind] = {
    transcript_pb2.REVISION_KIND_MACHINE: "machine",
    transcript_pb2.REVISION_KIND_EDIT: "edit",
    transcript_pb2.REVISION_KIND_UNDO: "undo",
    transcript_pb2.REVISION_KIND_REDO: "redo",
    transcript_pb2.REVISION_KIND_NAMES: "names",
    transcript_pb2.REVISION_KIND_VOCABULARY: "vocabulary",
}


def operation(model: models.Operation) -> transcript_pb2.EditOperation:
    """Convert an operation."""
    return _OPERATIONS[type(model)](model)


def _replace_words(model: models.ReplaceWordsOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.ReplaceWords(
        first_word_id=model.first, last_word_id=model.last, text=model.text
    )
    return transcript_pb2.EditOperation(replace_words=message)


def _delete_words(model: models.DeleteWordsOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.DeleteWords(first_word_id=model.first, last_word_id=model.last)
    return transcript_pb2.EditOperation(delete_words=message)


def _insert_words(model: models.InsertWordsOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.InsertWords(
        segment_id=model.segment, after_word_id=model.after or "", text=model.text
    )
    return transcript_pb2.EditOperation(insert_words=message)


def _split_segment(model: models.SplitSegmentOperation) -> transcript_pb2.EditOperation:
    return transcript_pb2.EditOperation(
        split_segment=transcript_pb2.SplitSegment(word_id=model.word)
    )


def _merge_segments(model: models.MergeSegmentsOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.MergeSegments(
        first_segment_id=model.first, second_segment_id=model.second
    )
    return transcript_pb2.EditOperation(merge_segments=message)


def _move_edges(model: models.MoveEdgesOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.MoveEdges(
        segment_id=model.segment,
        start=None if model.start is None else times.duration(model.start),
        end=None if model.end is None else times.duration(model.end),
    )
    return transcript_pb2.EditOperation(move_edges=message)


def _set_speaker(model: models.SetSpeakerOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.SetSpeaker(
        first_word_id=model.first, last_word_id=model.last, speaker_label=model.speaker or ""
    )
    return transcript_pb2.EditOperation(set_speaker=message)


def _merge_speakers(model: models.MergeSpeakersOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.MergeSpeakers(
        speaker_label=model.speaker, into_speaker_label=model.into
    )
    return transcript_pb2.EditOperation(merge_speakers=message)


def _set_reviewed(model: models.SetReviewedOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.SetReviewed(segment_id=model.segment, reviewed=model.reviewed)
    return transcript_pb2.EditOperation(set_reviewed=message)


def _set_starred(model: models.SetStarredOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.SetStarred(segment_id=model.segment, starred=model.starred)
    return transcript_pb2.EditOperation(set_starred=message)


def _add_note(model: models.AddNoteOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.AddNote(
        first_word_id=model.first, last_word_id=model.last, text=model.text
    )
    return transcript_pb2.EditOperation(add_note=message)


def _change_note(model: models.ChangeNoteOperation) -> transcript_pb2.EditOperation:
    message = transcript_pb2.ChangeNote(note_id=model.note, text=model.text)
    return transcript_pb2.EditOperation(change_note=message)


_OPERATIONS: dict[type, Callable[[Any], transcript_pb2.EditOperation]] = {
    models.ReplaceWordsOperation: _replace_words,
    models.DeleteWordsOperation: _delete_words,
    models.InsertWordsOperation: _insert_words,
    models.SplitSegmentOperation: _split_segment,
    models.MergeSegmentsOperation: _merge_segments,
    models.MoveEdgesOperation: _move_edges,
    models.SetSpeakerOperation: _set_speaker,
    models.MergeSpeakersOperation: _merge_speakers,
    models.SetReviewedOperation: _set_reviewed,
    models.SetStarredOperation: _set_starred,
    models.AddNoteOperation: _add_note,
    models.ChangeNoteOperation: _change_note,
}


def segments(
    found: Iterable[transcription_pb2.Segment], *, words: bool
) -> list[models.TranscriptSegment]:
    """Convert segments, with words if they were requested."""
    return [
        models.TranscriptSegment(
            id=segment.segment_id,
            speaker=segment.speaker_name,
            speaker_label=segment.speaker_label,
            text=segment.text,
            start_time=times.seconds(segment.start),
            end_time=times.seconds(segment.end),
            confidence=segment.confidence,
            language=segment.language,
            channel=segment.channel or None,
            reviewed=segment.reviewed,
            starred=segment.starred,
            words=[_word(word) for word in segment.words] if words else None,
        )
        for segment in found
    ]


def note(found: transcript_pb2.Note) -> models.NoteData:
    """Convert a note."""
    return models.NoteData(
        id=found.note_id,
        text=found.text,
        first=found.first_word_id,
        last=found.last_word_id,
        own=found.own,
    )


def revision(found: transcript_pb2.Revision) -> models.RevisionData:
    """Convert a revision."""
    return models.RevisionData.model_validate(
        {
            "revision": found.revision,
            "kind": REVISION_KINDS[found.kind],
            "author": found.author or None,
            "own": found.own,
            "target_revision": found.target_revision or None,
            "source_revision": found.source_revision or None,
            "created_at": times.moment(found.create_time),
            "description": found.description,
        }
    )


def replaced(found: transcript_pb2.TranscriptReplacement) -> models.TranscriptReplacement:
    """Convert the result of a replacement in one transcript."""
    return models.TranscriptReplacement(
        transcription_id=found.transcription_id,
        revision=found.revision or None,
        count=found.count,
        segments=[
            models.SegmentReplacement(
                segment=segment.segment_id,
                before=segment.before_text,
                after=segment.after_text,
                count=segment.count,
            )
            for segment in found.segments
        ],
        error=found.error or None,
    )


def _word(word: transcription_pb2.Word) -> models.TranscriptWord:
    return models.TranscriptWord(
        id=word.word_id,
        text=word.text,
        start=times.seconds(word.start),
        end=times.seconds(word.end),
        confidence=None if word.edited else word.probability,
        edited=word.edited,
        edited_revision=word.edited_revision or None,
        speakers=list(word.speaker_labels),
    )
