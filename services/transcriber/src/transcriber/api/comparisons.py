"""Conversion of comparisons of revisions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from common.times import duration
from securetranscribe.v1 import transcript_pb2
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.editing.comparison import Difference, Piece, PieceKind
from transcriber.editing.items import ItemId
from transcriber.editing.views import SegmentView
from transcriber.names.rules import GroupedSpeakers, as_of, group_by_name
from transcriber.transcripts.comparisons import Comparison, NoteChange

_Change: TypeAlias = "transcript_pb2.SegmentChange.ValueType"
_KINDS = {
    PieceKind.EQUAL: transcript_pb2.PIECE_KIND_EQUAL,
    PieceKind.DELETED: transcript_pb2.PIECE_KIND_DELETED,
    PieceKind.INSERTED: transcript_pb2.PIECE_KIND_INSERTED,
    PieceKind.REPLACED: transcript_pb2.PIECE_KIND_REPLACED,
}


def response(
    comparison: Comparison, speakers: Sequence[TranscriptSpeaker]
) -> transcript_pb2.CompareRevisionsResponse:
    """Return a page of differences. `speakers` are those of the newest revision."""
    before, after = (group_by_name(as_of(speakers, items)) for items in comparison.speakers)
    return transcript_pb2.CompareRevisionsResponse(
        from_revision=comparison.revisions[0],
        to_revision=comparison.revisions[1],
        differences=[_difference(one, before, after) for one in comparison.differences],
        speakers=_speakers(before, after),
        notes=[_note(change) for change in comparison.notes],
        next_cursor=str(comparison.following),
    )


def _difference(
    one: Difference, before: GroupedSpeakers, after: GroupedSpeakers
) -> transcript_pb2.SegmentDifference:
    return transcript_pb2.SegmentDifference(
        before=[_segment(view, before) for view in one.before],
        after=[_segment(view, after) for view in one.after],
        pieces=[_piece(piece) for piece in one.pieces],
        changes=_changes(one),
        revision=one.revision,
    )


def _changes(one: Difference) -> list[_Change]:
    old = {view.id: view for view in one.before}
    new = {view.id: view for view in one.after}
    both = [(old[item], new[item]) for item in old if item in new]
    kinds: dict[_Change, bool] = {
        transcript_pb2.SEGMENT_CHANGE_WORDS: any(
            piece.kind is not PieceKind.EQUAL for piece in one.pieces
        ),
        transcript_pb2.SEGMENT_CHANGE_SPEAKER: _has_other_speaker(one.pieces, old, new),
        transcript_pb2.SEGMENT_CHANGE_SPLIT: bool(old) and not new.keys() <= old.keys(),
        transcript_pb2.SEGMENT_CHANGE_MERGED: bool(new) and not old.keys() <= new.keys(),
        transcript_pb2.SEGMENT_CHANGE_EDGES: any(
            (was.start, was.end) != (now.start, now.end) for was, now in both
        ),
        transcript_pb2.SEGMENT_CHANGE_REVIEWED: any(
            was.reviewed != now.reviewed for was, now in both
        ),
        transcript_pb2.SEGMENT_CHANGE_STARRED: any(was.starred != now.starred for was, now in both),
    }
    return [kind for kind, found in kinds.items() if found]


def _has_other_speaker(
    pieces: Iterable[Piece],
    old: Mapping[ItemId, SegmentView],
    new: Mapping[ItemId, SegmentView],
) -> bool:
    return any(
        piece.before.segment is not None
        and piece.after.segment is not None
        and old[piece.before.segment].label != new[piece.after.segment].label
        for piece in pieces
    )


def _segment(view: SegmentView, speakers: GroupedSpeakers) -> transcript_pb2.ComparedSegment:
    return transcript_pb2.ComparedSegment(
        segment_id=str(view.id),
        speaker_label=speakers.primary.get(view.label, view.label),
        speaker_name=speakers.names.get(view.label, view.label),
        start=duration(view.start),
        end=duration(view.end),
        reviewed=view.reviewed,
        starred=view.starred,
    )


def _piece(piece: Piece) -> transcript_pb2.Piece:
    return transcript_pb2.Piece(
        kind=_KINDS[piece.kind],
        before_segment_id=str(piece.before.segment or ""),
        before_text=piece.before.text,
        before_word_ids=map(str, piece.before.words),
        after_segment_id=str(piece.after.segment or ""),
        after_text=piece.after.text,
        after_word_ids=map(str, piece.after.words),
        start=duration(piece.start),
        end=duration(piece.end),
        revision=piece.revision,
    )


def _speakers(
    before: GroupedSpeakers, after: GroupedSpeakers
) -> list[transcript_pb2.SpeakerDifference]:
    return [
        transcript_pb2.SpeakerDifference(
            speaker_label=label,
            before_name=before.names[label],
            after_name=after.names[label],
            before_label=before.primary[label],
            after_label=after.primary[label],
        )
        for label in before.names
        if (before.names[label], before.primary[label])
        != (after.names[label], after.primary[label])
    ]


def _note(change: NoteChange) -> transcript_pb2.NoteDifference:
    shown = change.after or change.before
    assert shown is not None
    return transcript_pb2.NoteDifference(
        note_id=str(shown.id),
        before_text=change.before.text if change.before else "",
        after_text=change.after.text if change.after else "",
        first_word_id=str(shown.first),
        last_word_id=str(shown.last),
    )
