"""Order among transcriptions: lists, search, titles, tags, folders and the trash."""

from collections.abc import Mapping, Sequence
from typing import Any

from securetranscribe import results
from securetranscribe.methods import listing, nothing, operation, record, records
from securetranscribe.steps import Flow, Items, Parts, present

_PAGE = 200
_RENAMED = {"since": "from", "until": "to"}


class LibraryCalls:
    """Calls about order among transcriptions."""

    @operation("GET", "/transcription/list", record(results.TranscriptionList))
    def list_transcriptions(
        self,
        /,
        *,
        limit: int = 50,
        offset: int | None = None,
        status_filter: str | None = None,
        **filters: Any,
    ) -> Parts:
        """Return a page of transcriptions, newest first, their `total` and the `next_cursor`.

        The `filters` are those of `find_transcriptions`, `sort` and `cursor`.
        """
        query = present(limit=limit, offset=offset, status_filter=status_filter)
        return Parts(query={**query, **_query(filters)})

    @listing(results.TranscriptionItem)
    def find_transcriptions(self, /, *, sort: str = "newest", **filters: Any) -> Flow[None]:
        """Yield all matching transcriptions, page by page.

        `filters` may contain `status_filter`, `tag_id` (one or a list), `folder_id` (0 for none),
        `favorite`, `language`, `speaker`, `since`, `until`, `min_duration` and `max_duration`.
        """
        cursor = None
        while True:
            page = yield from LibraryCalls.list_transcriptions.flow(
                self, limit=_PAGE, sort=sort, cursor=cursor, **filters
            )
            yield Items(items=page["transcriptions"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    @operation("GET", "/search", record(results.SearchData))
    def search_page(self, /, query: str, **filters: Any) -> Parts:
        """Return a page of `hits`, the best first, and the `cursor` of the next one."""
        return Parts(query={"q": query, **_query(filters)})

    @listing(results.SearchHitData)
    def search(self, /, query: str, **filters: Any) -> Flow[None]:
        """Yield hits in all transcripts by words and by meaning, the best first.

        `filters` may contain `transcription_id`, `speaker`, `since`, `until`, `language`, `status`,
        `min_duration`, `max_duration`, `tag`, `folder_id`, `favorite` and `per_transcription`.
        """
        cursor = None
        while True:
            page = yield from LibraryCalls.search_page.flow(self, query, cursor=cursor, **filters)
            yield Items(items=page["hits"])
            cursor = page["cursor"]
            if cursor is None:
                return

    @operation("PUT", "/transcription/{transcription_id}", record(results.LibraryData))
    def update_transcription(
        self,
        transcription_id: int,
        *,
        title: str | None = None,
        folder_id: int | None = None,
        favorite: bool | None = None,
        tag_ids: Sequence[int] | None = None,
    ) -> Parts:
        """Change properties of a transcription. None leaves them.

        An empty title has one suggested again. Folder 0 takes it out of all folders.
        """
        tags = None if tag_ids is None else list(tag_ids)
        return Parts(
            json=present(title=title, folder_id=folder_id, favorite=favorite, tag_ids=tags)
        )

    @operation(
        "POST", "/transcription/{transcription_id}/title/suggest", record(results.LibraryData)
    )
    def suggest_title(self, transcription_id: int) -> Parts:
        """Replace the title by one suggested from the newest revision of the transcript."""
        return Parts()

    @operation("POST", "/transcription/{transcription_id}/trash", record(results.TrashedData))
    def trash_transcription(self, transcription_id: int) -> Parts:
        """Move a transcription to the trash. Return `trashed_at` and `kept_until`."""
        return Parts()

    @operation("POST", "/transcription/{transcription_id}/restore", record(results.LibraryData))
    def restore_transcription(self, transcription_id: int) -> Parts:
        """Take a transcription out of the trash."""
        return Parts()

    @operation("GET", "/trash", record(results.TrashList))
    def list_trash(self, *, limit: int = 50, cursor: str | None = None) -> Parts:
        """Return a page of the trash, the latest first, and the `next_cursor`."""
        return Parts(query=present(limit=limit, cursor=cursor))

    @operation("POST", "/transcriptions/bulk", record(results.BulkData))
    def change_transcriptions(
        self,
        /,
        action: str,
        transcription_ids: Sequence[int] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        **options: Any,
    ) -> Parts:
        """Do the same to many transcriptions, named by their ids or by a filter.

        `action` is `trash`, `restore`, `delete`, `tag`, `untag` (with `tag_id`), `move` (with
        `folder_id`) or `favorite` (with `favorite`). Each has a result of its own in `results`.
        """
        ids = None if transcription_ids is None else list(transcription_ids)
        wanted = None if filter is None else dict(filter)
        return Parts(json=present(action=action, transcription_ids=ids, filter=wanted, **options))

    @operation("GET", "/tags", records(results.TagUseData, key="tags"))
    def list_tags(self) -> Parts:
        """Return the tags by name, each with its `transcription_count`."""
        return Parts()

    @operation("POST", "/tags", record(results.TagData))
    def create_tag(self, name: str, *, color: str = "") -> Parts:
        """Create a tag. `color` is like `#3366cc`."""
        return Parts(json={"name": name, "color": color})

    @operation("PUT", "/tags/{tag_id}", record(results.TagData))
    def update_tag(
        self, tag_id: int, *, name: str | None = None, color: str | None = None
    ) -> Parts:
        """Change the name or the color of a tag. None leaves them."""
        return Parts(json=present(name=name, color=color))

    @operation("DELETE", "/tags/{tag_id}", nothing())
    def delete_tag(self, tag_id: int) -> Parts:
        """Delete a tag. Its transcriptions stay."""
        return Parts()

    @operation("GET", "/folders", records(results.FolderData, key="folders"))
    def list_folders(self) -> Parts:
        """Return the folders by name, each with its `transcription_count`."""
        return Parts()

    @operation("POST", "/folders", record(results.FolderData))
    def create_folder(self, name: str, *, parent_id: int = 0) -> Parts:
        """Create a folder, at the top or in a folder at the top."""
        return Parts(json={"name": name, "parent_id": parent_id})

    @operation("PUT", "/folders/{folder_id}", record(results.FolderData))
    def update_folder(
        self, folder_id: int, *, name: str | None = None, parent_id: int | None = None
    ) -> Parts:
        """Change the name or the place of a folder. None leaves them."""
        return Parts(json=present(name=name, parent_id=parent_id))

    @operation("DELETE", "/folders/{folder_id}", nothing())
    def delete_folder(self, folder_id: int) -> Parts:
        """Delete a folder. Its content moves up one level."""
        return Parts()


def _query(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return filters as a query has them."""
    named = {_RENAMED.get(name, name): value for name, value in filters.items()}
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in present(**named).items()
    }
