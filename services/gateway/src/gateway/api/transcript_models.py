"""Request and response models of the endpoints for reading and editing transcripts."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.parameters import MAX_ID, JsonBody, Text
from gateway.web.envelope import ApiModel, Moment

_ItemId = Annotated[str, Field(max_length=40, examples=["1.100003"])]
RevisionKind = Literal["machine", "edit", "undo", "redo", "names", "vocabulary"]
_EditText = Annotated[Text, Field(max_length=10_000)]


class ReplaceWordsOperation(JsonBody):
    """Write another text in place of words of one segment. An empty text deletes them."""

    type: Literal["replace_words"]
    first: _ItemId
    last: _ItemId
    text: _EditText


class DeleteWordsOperation(JsonBody):
    """Delete words of one segment."""

    type: Literal["delete_words"]
    first: _ItemId
    last: _ItemId


class InsertWordsOperation(JsonBody):
    """Insert text into a segment."""

    type: Literal["insert_words"]
    segment: _ItemId
    after: _ItemId | None = Field(None, description="Word before the text, null at the beginning.")
    text: _EditText


class SplitSegmentOperation(JsonBody):
    """Begin a new segment with a word."""

    type: Literal["split_segment"]
    word: _ItemId


class MergeSegmentsOperation(JsonBody):
    """Join two neighboring segments of one channel. The speaker is that of the first one."""

    type: Literal["merge_segments"]
    first: _ItemId
    second: _ItemId


class MoveEdgesOperation(JsonBody):
    """Move the start or the end of a segment."""

    type: Literal["move_edges"]
    segment: _ItemId
    start: float | None = Field(None, ge=0, le=1e6, description="Seconds.", strict=False)
    end: float | None = Field(None, ge=0, le=1e6, description="Seconds.", strict=False)


class SetSpeakerOperation(JsonBody):
    """Give words to another speaker. Segments are split where necessary."""

    type: Literal["set_speaker"]
    first: _ItemId
    last: _ItemId
    speaker: Annotated[Text, Field(max_length=64)] | None = Field(
        description="Label of the speaker, null for a new one."
    )


class MergeSpeakersOperation(JsonBody):
    """Give everything that a speaker said to another one."""

    type: Literal["merge_speakers"]
    speaker: Annotated[Text, Field(max_length=64)]
    into: Annotated[Text, Field(max_length=64)]


class SetReviewedOperation(JsonBody):
    """Mark a segment as reviewed or not."""

    type: Literal["set_reviewed"]
    segment: _ItemId
    reviewed: bool


class SetStarredOperation(JsonBody):
    """Mark a segment with a star or remove the star."""

    type: Literal["set_starred"]
    segment: _ItemId
    starred: bool


class AddNoteOperation(JsonBody):
    """Add a note on words."""

    type: Literal["add_note"]
    first: _ItemId
    last: _ItemId
    text: Annotated[_EditText, Field(min_length=1)]


class ChangeNoteOperation(JsonBody):
    """Change the text of a note. An empty text deletes the note."""

    type: Literal["change_note"]
    note: _ItemId
    text: _EditText


Operation = Annotated[
    ReplaceWordsOperation
    | DeleteWordsOperation
    | InsertWordsOperation
    | SplitSegmentOperation
    | MergeSegmentsOperation
    | MoveEdgesOperation
    | SetSpeakerOperation
    | MergeSpeakersOperation
    | SetReviewedOperation
    | SetStarredOperation
    | AddNoteOperation
    | ChangeNoteOperation,
    Field(discriminator="type"),
]


class EditBody(JsonBody):
    """A batch of operations. All are executed or none."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=1000)]
    request_id: Annotated[Text, Field(max_length=64)] = Field(
        "", description="Idempotency key. The same key is executed once."
    )


class ReplaceBody(JsonBody):
    """Text to find in transcripts and its replacement."""

    transcription_ids: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(min_length=1, max_length=100)
    ]
    query: Annotated[Text, Field(min_length=1, max_length=1000)]
    replacement: Annotated[Text, Field(max_length=1000)] = ""
    match_case: bool = False
    whole_words: bool = False
    regular_expression: bool = Field(False, description="Syntax of RE2.")
    preview: bool = Field(False, description="Whether to return the changes without making them.")
    request_id: Annotated[Text, Field(max_length=64)] = Field(
        "", description="Idempotency key. The same key is executed once in each transcript."
    )


class TranscriptWord(ApiModel):
    """A word. Times are in seconds from the start."""

    id: str
    text: str
    start: float
    end: float
    confidence: float | None = Field(description="0 to 1, null if a person wrote the word.")
    edited: bool
    edited_revision: int | None = Field(
        description="Revision that wrote the word, null for the recognizer. Its kind tells how."
    )
    speakers: list[str] = Field(description="Labels of all who speak, the word's speaker first.")


class TranscriptSegment(ApiModel):
    """A segment of one speaker's speech. Times are in seconds from the start."""

    id: str
    speaker: str = Field(description="Display name.")
    speaker_label: str
    text: str
    start_time: float
    end_time: float
    confidence: float = Field(description="Mean of the recognized words, 1 without any.")
    language: str
    channel: int | None = Field(description="Number of the channel, null in a mix.")
    reviewed: bool
    starred: bool
    words: list[TranscriptWord] | None = Field(description="Null unless requested.")


class NoteData(ApiModel):
    """A note on words."""

    id: str
    text: str
    first: str
    last: str
    own: bool


class TranscriptData(ApiModel):
    """A part of a revision of a transcript."""

    transcription_id: int
    revision: int
    newest_revision: int
    segments: list[TranscriptSegment]
    total: int = Field(description="Number of segments in the requested time.")
    limit: int
    offset: int
    notes: list[NoteData] = Field(description="All notes of the newest revision.")


class EditData(ApiModel):
    """Result of a batch of operations."""

    transcription_id: int
    revision: int
    changed: list[TranscriptSegment]
    removed: list[str] = Field(description="IDs of segments that are not there any more.")


class ToggleData(ApiModel):
    """Result of an undo or redo."""

    transcription_id: int
    revision: int
    target_revision: int = Field(description="Revision that was taken back or repeated.")


class RestoreData(ApiModel):
    """Result of a restoration."""

    transcription_id: int
    revision: int


class RevisionData(ApiModel):
    """A revision in the history."""

    revision: int
    kind: RevisionKind
    author: str | None = Field(
        description="Workspace of the session, null for the recognizer and for followed names."
    )
    own: bool
    target_revision: int | None
    source_revision: int | None = Field(
        description="Revision of an earlier machine version that was repeated on a new one."
    )
    created_at: Moment
    description: str


class HistoryData(ApiModel):
    """All revisions, the newest first."""

    transcription_id: int
    revisions: list[RevisionData]
    undoable_revision: int | None = Field(description="Revision that undo takes back.")
    redoable_revision: int | None = Field(description="Revision that redo repeats.")


class SegmentReplacement(ApiModel):
    """Change of one segment by a replacement."""

    segment: str
    before: str
    after: str
    count: int


class TranscriptReplacement(ApiModel):
    """Result of a replacement in one transcript."""

    transcription_id: int
    revision: int | None
    count: int
    segments: list[SegmentReplacement] = Field(description="The first 100 changed segments.")
    error: str | None = Field(description="Why it failed, null if it did not.")


class ReplaceData(ApiModel):
    """Result of a replacement in several transcripts."""

    replacement_id: str | None = Field(description="ID to take it back. Null for a preview.")
    count: int
    transcripts: list[TranscriptReplacement]
