"""Results of the tools. Their schemas, with these descriptions, are part of the protocol."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from securetranscribe.steps import Data

Seconds = Annotated[float, Field(description="Seconds from the beginning of the recording")]
Link = Annotated[str, Field(description="Page of the web application at this place")]


class Hit(BaseModel):
    """A place found by a search."""

    transcription_id: int
    title: str
    created_at: str
    segment_id: str | None = Field(description="Null for a title or the name of a speaker")
    speaker: str | None
    start: Seconds | None
    text: str
    link: Link


class Hits(BaseModel):
    """Places found by a search, the best first."""

    hits: list[Hit]
    cursor: str | None = Field(description="For the next page, null on the last one")


class Passage(BaseModel):
    """A segment of one speaker's speech, to be cited by its id, times, speaker and link."""

    segment_id: str
    speaker: str
    start: Seconds
    end: Seconds
    text: str
    link: Link


class Passages(BaseModel):
    """A part of a transcript."""

    transcription_id: int
    title: str
    created_at: str
    revision: int
    passages: list[Passage]
    total: int = Field(description="Number of segments in the requested time")
    next_offset: int | None = Field(description="Offset of the next part, null at the end")


class Item(BaseModel):
    """A transcription in a list."""

    transcription_id: int
    title: str
    file_name: str
    status: str
    created_at: str
    duration: float = Field(description="Seconds")
    link: Link


class Items(BaseModel):
    """A page of transcriptions, the newest first."""

    transcriptions: list[Item]
    total: int
    cursor: str | None = Field(description="For the next page, null on the last one")


class State(BaseModel):
    """State of a transcription."""

    transcription_id: int
    title: str
    status: str = Field(description="pending, processing, completed, failed or live")
    progress_percentage: float
    current_step: str
    duration: float = Field(description="Seconds")
    language: str | None
    speakers: list[str]
    warnings: list[str]
    error: str | None = Field(description="Why the last job failed")
    link: Link


class Links:
    """Addresses of pages of the web application."""

    def __init__(self, web_url: str) -> None:
        self._web_url = web_url.rstrip("/")

    def page(self, transcription_id: int, start: float | None = None) -> str:
        """Return the address of a transcription, at a time in seconds."""
        place = "" if start is None else f"#t={start:.1f}"
        return f"{self._web_url}/t/{transcription_id}{place}"

    def hits(self, page: Data) -> Hits:
        """Return a page of a search."""
        hits = [
            Hit(
                transcription_id=hit["transcription_id"],
                title=hit["title"],
                created_at=hit["created_at"],
                segment_id=hit["segment_id"],
                speaker=hit["speaker"],
                start=hit["start_time"],
                text=hit["text"],
                link=self.page(hit["transcription_id"], hit["start_time"]),
            )
            for hit in page["hits"]
        ]
        return Hits(hits=hits, cursor=page["cursor"])

    def passages(self, status: Data, page: Data) -> Passages:
        """Return a page of a transcript."""
        number = page["transcription_id"]
        passages = [
            Passage(
                segment_id=segment["id"],
                speaker=segment["speaker"],
                start=segment["start_time"],
                end=segment["end_time"],
                text=segment["text"],
                link=self.page(number, segment["start_time"]),
            )
            for segment in page["segments"]
        ]
        behind = page["offset"] + len(passages)
        return Passages(
            transcription_id=number,
            title=_title(status),
            created_at=status["created_at"],
            revision=page["revision"],
            passages=passages,
            total=page["total"],
            next_offset=behind if passages and behind < page["total"] else None,
        )

    def items(self, page: Data) -> Items:
        """Return a page of the list."""
        items = [
            Item(
                transcription_id=item["id"],
                title=item["title"],
                file_name=item["original_filename"],
                status=item["status"],
                created_at=item["created_at"],
                duration=item["file_duration"],
                link=self.page(item["id"]),
            )
            for item in page["transcriptions"]
        ]
        return Items(transcriptions=items, total=page["total"], cursor=page["next_cursor"])

    def state(self, status: Data) -> State:
        """Return the state of a transcription."""
        failure: dict[str, Any] = status["error"] or {}
        return State(
            transcription_id=status["transcription_id"],
            title=_title(status),
            status=status["status"],
            progress_percentage=status["progress_percentage"],
            current_step=status["current_step"],
            duration=status["file_info"]["duration"],
            language=status["language_detected"],
            speakers=status["speakers"],
            warnings=status["warnings"],
            error=failure.get("message"),
            link=self.page(status["transcription_id"]),
        )


def _title(status: Data) -> str:
    return str(status["title"])
