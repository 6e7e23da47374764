"""Calls to keep transcriptions in order: titles, tags, folders and the trash."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from securetranscribe.transcripts import Data, present

_PAGE = 200


class LibraryCalls(ABC):
    """Calls about order among transcriptions, made by the inheriting client."""

    @abstractmethod
    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        """Send a request and return the data of the response."""

    def find_transcriptions(self, *, sort: str = "newest", **filters: Any) -> Iterator[Data]:
        """Yield all matching transcriptions, page by page.

        `filters` may contain `status_filter`, `tag_id` (one or a list), `folder_id` (0 for none),
        `favorite`, `language`, `speaker`, `since`, `until`, `min_duration` and `max_duration`.
        """
        renamed = {"since": "from", "until": "to"}
        query = present(
            **{renamed.get(name, name): _text(value) for name, value in filters.items()}
        )
        cursor = None
        while True:
            page = self._data(
                "GET",
                "/transcription/list",
                params=present(sort=sort, limit=_PAGE, cursor=cursor, **query),
            )
            yield from page["transcriptions"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def update_transcription(
        self,
        transcription_id: int,
        *,
        title: str | None = None,
        folder_id: int | None = None,
        favorite: bool | None = None,
        tag_ids: Sequence[int] | None = None,
    ) -> Data:
        """Change properties of a transcription. None leaves them.

        An empty title has one suggested again. Folder 0 takes it out of all folders.
        """
        tags = None if tag_ids is None else list(tag_ids)
        body = present(title=title, folder_id=folder_id, favorite=favorite, tag_ids=tags)
        return self._data("PUT", f"/transcription/{transcription_id}", json=body)

    def suggest_title(self, transcription_id: int) -> Data:
        """Replace the title by one suggested from the newest revision of the transcript."""
        return self._data("POST", f"/transcription/{transcription_id}/title/suggest")

    def trash_transcription(self, transcription_id: int) -> Data:
        """Move a transcription to the trash. Return `trashed_at` and `kept_until`."""
        return self._data("POST", f"/transcription/{transcription_id}/trash")

    def restore_transcription(self, transcription_id: int) -> Data:
        """Take a transcription out of the trash."""
        return self._data("POST", f"/transcription/{transcription_id}/restore")

    def list_trash(self, *, limit: int = 50, cursor: str | None = None) -> Data:
        """Return a page of the trash, the latest first, and the `next_cursor`."""
        return self._data("GET", "/trash", params=present(limit=limit, cursor=cursor))

    def change_transcriptions(
        self,
        action: str,
        transcription_ids: Sequence[int] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        **options: Any,
    ) -> Data:
        """Do the same to many transcriptions, named by their ids or by a filter.

        `action` is `trash`, `restore`, `delete`, `tag`, `untag` (with `tag_id`), `move` (with
        `folder_id`) or `favorite` (with `favorite`). Each has a result of its own in `results`.
        """
        ids = None if transcription_ids is None else list(transcription_ids)
        wanted = None if filter is None else dict(filter)
        body = present(action=action, transcription_ids=ids, filter=wanted, **options)
        return self._data("POST", "/transcriptions/bulk", json=body)

    def list_tags(self) -> list[Data]:
        """Return the tags by name, each with its `transcription_count`."""
        tags: list[Data] = self._data("GET", "/tags")["tags"]
        return tags

    def create_tag(self, name: str, *, color: str = "") -> Data:
        """Create a tag. `color` is like `#3366cc`."""
        return self._data("POST", "/tags", json={"name": name, "color": color})

    def update_tag(self, tag_id: int, *, name: str | None = None, color: str | None = None) -> Data:
        """Change the name or the color of a tag. None leaves them."""
        return self._data("PUT", f"/tags/{tag_id}", json=present(name=name, color=color))

    def delete_tag(self, tag_id: int) -> None:
        """Delete a tag. Its transcriptions stay."""
        self._data("DELETE", f"/tags/{tag_id}")

    def list_folders(self) -> list[Data]:
        """Return the folders by name, each with its `transcription_count`."""
        folders: list[Data] = self._data("GET", "/folders")["folders"]
        return folders

    def create_folder(self, name: str, *, parent_id: int = 0) -> Data:
        """Create a folder, at the top or in a folder at the top."""
        return self._data("POST", "/folders", json={"name": name, "parent_id": parent_id})

    def update_folder(
        self, folder_id: int, *, name: str | None = None, parent_id: int | None = None
    ) -> Data:
        """Change the name or the place of a folder. None leaves them."""
        body = present(name=name, parent_id=parent_id)
        return self._data("PUT", f"/folders/{folder_id}", json=body)

    def delete_folder(self, folder_id: int) -> None:
        """Delete a folder. What lies in it moves up to the place where it was."""
        self._data("DELETE", f"/folders/{folder_id}")


def _text(value: Any) -> Any:
    """Return a value as a query has it."""
    return str(value).lower() if isinstance(value, bool) else value
