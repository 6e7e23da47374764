"""Response models of the comparison of revisions."""

from typing import Literal

from pydantic import Field

from gateway.web.envelope import ApiModel

PieceKind = Literal["equal", "deleted", "inserted", "replaced"]
ChangeKind = Literal["words", "speaker", "split", "merged", "edges", "reviewed", "starred"]


class ComparedSegment(ApiModel):
    """A segment in one of two revisions. Times are in seconds from the start."""

    id: str
    speaker: str = Field(description="Display name in the revision.")
    speaker_label: str
    start_time: float
    end_time: float
    reviewed: bool
    starred: bool


class PieceSide(ApiModel):
    """A piece in one of two revisions. Its text begins with the blank before it."""

    segment: str
    words: list[str]
    text: str


class Piece(ApiModel):
    """Consecutive words with the same kind of difference. Times are in seconds from the start."""

    kind: PieceKind
    before: PieceSide | None = Field(description="Null for inserted words.")
    after: PieceSide | None = Field(description="Null for deleted words.")
    start: float
    end: float
    revision: int | None = Field(description="The last one that changed it, null if equal.")


class SegmentDifference(ApiModel):
    """Different segments, with all their words."""

    before: list[ComparedSegment] = Field(description="Empty if they were inserted.")
    after: list[ComparedSegment] = Field(description="Empty if they were deleted.")
    pieces: list[Piece]
    changes: list[ChangeKind]
    revision: int = Field(description="The last one between both that changed them.")


class SpeakerDifference(ApiModel):
    """A speaker with another name, or merged into another one."""

    label: str
    before: str = Field(description="Display name in the first revision.")
    after: str = Field(description="Display name in the second revision.")
    before_label: str = Field(description="Label after merges in the first revision.")
    after_label: str = Field(description="Label after merges in the second revision.")


class NoteDifference(ApiModel):
    """A different note."""

    id: str
    first: str
    last: str
    before: str | None = Field(description="Text in the first revision, null if not there.")
    after: str | None = Field(description="Text in the second revision, null if not there.")


class ComparisonData(ApiModel):
    """A page of the differences between two revisions."""

    transcription_id: int
    from_revision: int
    to_revision: int
    differences: list[SegmentDifference] = Field(description="In the order of the transcript.")
    speakers: list[SpeakerDifference] = Field(description="On every page.")
    notes: list[NoteDifference] = Field(description="On the first page.")
    next_cursor: str | None = Field(description="Cursor of the next page, null on the last.")
