"""Client of the transcriber for the changes between two revisions."""

from collections.abc import Iterable, Mapping
from datetime import UTC

import grpc.aio

from common.grpc_client import as_caller, unwrap
from common.identity import Identity
from exporter.changes import Changes, Difference, Mark, Piece
from exporter.document import Document
from securetranscribe.v1 import transcript_pb2 as pb
from securetranscribe.v1 import transcript_pb2_grpc

_PAGE = 500
#: Author of changes that no person made.
_SERVICE = "SecureTranscribe"


class RevisionClient:
    """Client of the transcriber for comparisons on behalf of the caller."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = transcript_pb2_grpc.TranscriptServiceStub(channel)

    async def changes(self, caller: Identity, earlier: Document, later: Document) -> Changes:
        """Return the changes between two revisions of a transcript.

        Raises:
            NotFoundError: there is no such revision.
        """
        metadata = as_caller(caller)
        differences: list[Difference] = []
        renamed: dict[str, str] = {}
        token = ""
        while True:
            page = await unwrap(
                self._stub.CompareRevisions(
                    pb.CompareRevisionsRequest(
                        transcription_id=later.transcription_id,
                        from_revision=earlier.revision,
                        to_revision=later.revision,
                        limit=_PAGE,
                        cursor=token,
                    ),
                    metadata=metadata,
                )
            )
            renamed.update({one.speaker_label: one.before_name for one in page.speakers})
            differences += map(_difference, page.differences)
            token = page.next_cursor
            if not token:
                break
        request = pb.ListRevisionsRequest(transcription_id=later.transcription_id)
        listed = await unwrap(self._stub.ListRevisions(request, metadata=metadata))
        return Changes(
            since=earlier.revision,
            revision=later.revision,
            differences=tuple(differences),
            speakers=_speakers(earlier, renamed),
            marks=_marks(listed.revisions),
        )


def _speakers(earlier: Document, renamed: Mapping[str, str]) -> dict[str, str]:
    """Return the former names of segments' speakers."""
    return {
        segment.id: renamed.get(segment.speaker_label, earlier.name_of(segment.speaker_label))
        for segment in earlier.segments
    }


def _difference(message: pb.SegmentDifference) -> Difference:
    return Difference(
        pieces=tuple(
            Piece(
                before=piece.before_text,
                after=piece.after_text,
                before_segment=piece.before_segment_id,
                after_segment=piece.after_segment_id,
                revision=0 if piece.kind == pb.PIECE_KIND_EQUAL else piece.revision,
            )
            for piece in message.pieces
        ),
        speakers={segment.segment_id: segment.speaker_name for segment in message.before},
        start=min(_seconds(segment) for segment in message.before or message.after),
        end=max(
            segment.end.ToTimedelta().total_seconds() for segment in message.before or message.after
        ),
        revision=message.revision,
    )


def _seconds(segment: pb.ComparedSegment) -> float:
    return segment.start.ToTimedelta().total_seconds()


def _marks(revisions: Iterable[pb.Revision]) -> dict[int, Mark]:
    """Return authors by revision. People are numbered, so that no session is named."""
    ordered = sorted(revisions, key=lambda one: one.revision)
    people = list(dict.fromkeys(one.author for one in ordered if one.author))
    names = {"": _SERVICE} | {
        person: f"Editor {number}" if len(people) > 1 else "Editor"
        for number, person in enumerate(people, start=1)
    }
    return {
        one.revision: Mark(author=names[one.author], moment=one.create_time.ToDatetime(tzinfo=UTC))
        for one in ordered
    }
