"""Tags, folders, titles, and what lists of transcriptions are filtered and ordered by."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class TitleSource(StrEnum):
    """Origin of a title."""

    FILE = "file"
    SUGGESTED = "suggested"
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """A tag of a workspace. `color` is like `#3366cc`, empty without one."""

    id: int
    name: str
    color: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder of a workspace, within another one if it has a parent."""

    id: int
    name: str
    parent_id: int | None = None


class Sort(StrEnum):
    """Order of a list of transcriptions."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"
    TITLE_DESCENDING = "title_descending"
    LONGEST = "longest"
    SHORTEST = "shortest"

    @property
    def descending(self) -> bool:
        """Whether greater values come first."""
        return self in {Sort.NEWEST, Sort.TITLE_DESCENDING, Sort.LONGEST}

    @property
    def key(self) -> str:
        """The compared property: `id`, `title` or `duration`."""
        match self:
            case Sort.TITLE | Sort.TITLE_DESCENDING:
                return "title"
            case Sort.LONGEST | Sort.SHORTEST:
                return "duration"
        return "id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Required properties of transcriptions. None and empty ones do not matter.

    `folder_id` 0 means outside of all folders. Durations are in seconds. `trashed` selects from the
    trash instead.
    """

    status: str | None = None
    tag_ids: tuple[int, ...] = ()
    folder_id: int | None = None
    favorite: bool | None = None
    language: str = ""
    speaker: str = ""
    created_from: dt.datetime | None = None
    created_to: dt.datetime | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    trashed: bool = False
