"""Request and response models of the library."""

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.api.library_filters import FilterBody, FolderOrNone, Identifier
from gateway.api.parameters import JsonBody, Text
from gateway.api.transcription_models import TagData, TitleWord, TranscriptionItem
from gateway.web.envelope import ApiModel, Moment

_LONGEST_NAME = 100
_LONGEST_TITLE = 255
_MOST_TAGS = 50
MOST_ITEMS = 500
ActionWord = Literal["trash", "restore", "delete", "tag", "untag", "move", "favorite"]


class UpdateBody(JsonBody):
    """New properties of a transcription. Absent or null ones stay."""

    title: Text | None = Field(
        None, max_length=_LONGEST_TITLE, description="Empty lets one be suggested again."
    )
    folder_id: FolderOrNone | None = Field(None, description="0 takes it out of all folders.")
    favorite: bool | None = None
    tag_ids: list[Identifier] | None = Field(
        None, max_length=_MOST_TAGS, description="All tags that it has from now on."
    )


class LibraryData(ApiModel):
    """Title, folder, tags and favorite of a transcription."""

    transcription_id: int
    title: str
    title_source: TitleWord
    folder_id: int | None
    favorite: bool
    tags: list[TagData]


class TrashedItem(TranscriptionItem):
    """A transcription in the trash."""

    trashed_at: Moment
    kept_until: Moment = Field(
        description="When it is deleted for good: TRASH_DAYS later, or with the session's things."
    )


class TrashedData(ApiModel):
    """A transcription in the trash."""

    transcription_id: int
    trashed_at: Moment
    kept_until: Moment = Field(
        description="When it is deleted for good: TRASH_DAYS later, or with the session's things."
    )


class TrashList(ApiModel):
    """One page of the trash, the latest first."""

    transcriptions: list[TrashedItem]
    total: int
    limit: int
    next_cursor: str | None = Field(description="Cursor of the next page, null on the last one.")


class TagBody(JsonBody):
    """A new tag."""

    name: Text = Field(min_length=1, max_length=_LONGEST_NAME)
    color: Text = Field("", max_length=7, examples=["#3366cc"])


class TagUpdateBody(JsonBody):
    """New name or color of a tag. Absent or null fields stay."""

    name: Text | None = Field(None, min_length=1, max_length=_LONGEST_NAME)
    color: Text | None = Field(None, max_length=7, description="Empty removes it.")


class TagUseData(TagData):
    """A tag with its use."""

    transcription_count: int = Field(description="Without those in the trash.")


class TagList(ApiModel):
    """All tags, by name."""

    tags: list[TagUseData]


class FolderBody(JsonBody):
    """A new folder."""

    name: Text = Field(min_length=1, max_length=_LONGEST_NAME)
    parent_id: FolderOrNone = Field(0, description="Folder that it lies in. 0 at the top.")


class FolderUpdateBody(JsonBody):
    """New name or place of a folder. Absent or null fields stay."""

    name: Text | None = Field(None, min_length=1, max_length=_LONGEST_NAME)
    parent_id: FolderOrNone | None = Field(
        None, description="Folder that it lies in. 0 at the top."
    )


class FolderData(ApiModel):
    """A folder."""

    folder_id: int
    name: str
    parent_id: int | None = Field(description="Null at the top.")
    transcription_count: int = Field(description="Directly in it, without those in the trash.")


class FolderList(ApiModel):
    """All folders, by name."""

    folders: list[FolderData]


class DeletedTag(ApiModel):
    """A deleted tag."""

    tag_id: int


class DeletedFolder(ApiModel):
    """A deleted folder."""

    folder_id: int


class BulkBody(JsonBody):
    """A change of many transcriptions, by id or by a filter."""

    transcription_ids: list[Identifier] | None = Field(None, min_length=1, max_length=MOST_ITEMS)
    filter: FilterBody | None = Field(None, description="Up to 500 are changed by one request.")
    cursor: Text = Field(
        "", max_length=4096, description="With a filter: `next_cursor` of the request before."
    )
    trashed: bool = Field(
        default=False, description="With a filter and `delete`: select from the trash."
    )
    action: ActionWord
    tag_id: Identifier | None = Field(None, description="Of `tag` and `untag`.")
    folder_id: FolderOrNone = Field(0, description="Of `move`, 0 for none.")
    favorite: bool = Field(default=True, description="Of `favorite`.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.transcription_ids is None) == (self.filter is None):
            raise ValueError("Either transcription_ids or a filter is required")
        if self.action in {"tag", "untag"} and self.tag_id is None:
            raise ValueError("tag_id is required for this action")
        if self.trashed and self.filter is not None and self.action not in {"delete", "restore"}:
            raise ValueError("Only delete and restore select from the trash")
        return self


class ItemError(ApiModel):
    """Why one transcription was not changed."""

    code: str
    message: str


class BulkItem(ApiModel):
    """Result of one transcription."""

    transcription_id: int
    error: ItemError | None


class BulkData(ApiModel):
    """Results of a bulk change."""

    succeeded: int
    failed: int
    results: list[BulkItem]
    next_cursor: str | None = Field(
        description="With a filter: cursor to go on with, null if no more transcriptions match."
    )
