"""A transcriber that compares two revisions."""

import datetime as dt
from typing import Any

from common.times import duration, timestamp
from securetranscribe.v1 import transcript_pb2 as pb
from securetranscribe.v1 import transcript_pb2_grpc

MOMENT = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)


class Compared(transcript_pb2_grpc.TranscriptServiceServicer):
    """Returns one difference on each of two pages."""

    def __init__(self) -> None:
        self.requests: list[pb.CompareRevisionsRequest] = []

    async def CompareRevisions(self, request: Any, context: Any) -> pb.CompareRevisionsResponse:
        self.requests.append(request)
        number = len(self.requests)
        before = pb.ComparedSegment(
            segment_id=f"1.{number}",
            speaker_name="Ada",
            start=duration(number),
            end=duration(number + 1),
        )
        kind = pb.PIECE_KIND_EQUAL if number == 1 else pb.PIECE_KIND_DELETED
        piece = pb.Piece(
            kind=kind, before_segment_id=before.segment_id, before_text="so", revision=3
        )
        return pb.CompareRevisionsResponse(
            differences=[pb.SegmentDifference(before=[before], pieces=[piece], revision=3)],
            speakers=[pb.SpeakerDifference(speaker_label="Speaker_1", before_name="Eve")],
            next_cursor="next" if number == 1 else "",
        )

    async def ListRevisions(self, request: Any, context: Any) -> pb.ListRevisionsResponse:
        return pb.ListRevisionsResponse(
            revisions=[
                pb.Revision(revision=3, author="session_b", create_time=timestamp(MOMENT)),
                pb.Revision(revision=2, author="session_a", create_time=timestamp(MOMENT)),
                pb.Revision(revision=1, create_time=timestamp(MOMENT)),
            ]
        )
