"""Endpoint that compares two revisions of a transcript."""

from typing import Annotated

from fastapi import Query
from pydantic import TypeAdapter

from common import times
from gateway.api import comparison_models as models
from gateway.api.parameters import Caller, TranscriptionId
from gateway.backends import Backends
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import transcript_pb2

_MOST = 2**31 - 1
_KINDS = TypeAdapter[models.PieceKind](models.PieceKind)
_CHANGES = TypeAdapter[models.ChangeKind](models.ChangeKind)


class ComparisonApi:
    """Differences between revisions, in pages."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._service = backends.transcripts

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definition."""
        return [
            Endpoint(
                method="GET",
                path="/transcription/{transcription_id}/revisions/compare",
                handler=self.compare_revisions,
                summary="Compare two revisions of a transcript",
                tag="Transcript",
                errors=(404,),
            )
        ]

    async def compare_revisions(
        self,
        transcription_id: TranscriptionId,
        caller: Caller,
        *,
        before: Annotated[
            int | None,
            Query(alias="from", ge=1, le=_MOST, description="Defaults to the machine version."),
        ] = None,
        after: Annotated[
            int | None,
            Query(alias="to", ge=1, le=_MOST, description="Defaults to the newest revision."),
        ] = None,
        limit: Annotated[
            int, Query(ge=1, le=1000, description="Maximum number of differences.")
        ] = 200,
        cursor: Annotated[
            str, Query(max_length=2200, description="`next_cursor` of the page before.")
        ] = "",
    ) -> Success[models.ComparisonData]:
        """Return the differences of two revisions in words, segments, speakers and notes."""
        answer = await self._backends.ask(
            self._service.CompareRevisions,
            transcript_pb2.CompareRevisionsRequest(
                transcription_id=transcription_id,
                from_revision=before or 0,
                to_revision=after or 0,
                limit=limit,
                cursor=cursor,
            ),
            caller,
        )
        data = models.ComparisonData(
            transcription_id=transcription_id,
            from_revision=answer.from_revision,
            to_revision=answer.to_revision,
            differences=[_difference(one) for one in answer.differences],
            speakers=[_speaker(one) for one in answer.speakers],
            notes=[_note(one) for one in answer.notes],
            next_cursor=answer.next_cursor or None,
        )
        return Success[models.ComparisonData].of(data, "Revisions compared")


def _difference(one: transcript_pb2.SegmentDifference) -> models.SegmentDifference:
    names = [transcript_pb2.SegmentChange.Name(change) for change in one.changes]
    return models.SegmentDifference(
        before=[_segment(segment) for segment in one.before],
        after=[_segment(segment) for segment in one.after],
        pieces=[_piece(piece) for piece in one.pieces],
        changes=[
            _CHANGES.validate_python(name.removeprefix("SEGMENT_CHANGE_").lower()) for name in names
        ],
        revision=one.revision,
    )


def _segment(segment: transcript_pb2.ComparedSegment) -> models.ComparedSegment:
    return models.ComparedSegment(
        id=segment.segment_id,
        speaker=segment.speaker_name,
        speaker_label=segment.speaker_label,
        start_time=times.seconds(segment.start),
        end_time=times.seconds(segment.end),
        reviewed=segment.reviewed,
        starred=segment.starred,
    )


def _piece(piece: transcript_pb2.Piece) -> models.Piece:
    name = transcript_pb2.PieceKind.Name(piece.kind).removeprefix("PIECE_KIND_").lower()
    before = models.PieceSide(
        segment=piece.before_segment_id,
        words=list(piece.before_word_ids),
        text=piece.before_text,
    )
    after = models.PieceSide(
        segment=piece.after_segment_id, words=list(piece.after_word_ids), text=piece.after_text
    )
    return models.Piece(
        kind=_KINDS.validate_python(name),
        before=before if before.segment else None,
        after=after if after.segment else None,
        start=times.seconds(piece.start),
        end=times.seconds(piece.end),
        revision=piece.revision or None,
    )


def _speaker(one: transcript_pb2.SpeakerDifference) -> models.SpeakerDifference:
    return models.SpeakerDifference(
        label=one.speaker_label,
        before=one.before_name,
        after=one.after_name,
        before_label=one.before_label,
        after_label=one.after_label,
    )


def _note(one: transcript_pb2.NoteDifference) -> models.NoteDifference:
    return models.NoteDifference(
        id=one.note_id,
        first=one.first_word_id,
        last=one.last_word_id,
        before=one.before_text or None,
        after=one.after_text or None,
    )
