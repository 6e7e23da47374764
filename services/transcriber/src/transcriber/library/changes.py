"""Changes of titles, tags, folders and favorites of transcriptions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from common import characters
from common.errors import NotFoundError, ValidationError
from common.postgres import Connection, Database
from transcriber.library.organization import no_folder, no_tag
from transcriber.library.titles import suggest_within
from transcriber.store.folders import Folders
from transcriber.store.library import Shelves, Titles
from transcriber.store.tags import Tags
from transcriber.store.transcriptions import Transcriptions

LONGEST_TITLE = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """New properties of a transcription. None leaves them.

    An empty title has one suggested again. Folder 0 takes it out of all folders.
    """

    title: str | None = None
    folder_id: int | None = None
    favorite: bool | None = None
    tag_ids: tuple[int, ...] | None = None


class LibraryChanges:
    """Changes one or many transcriptions of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(self, transcription_id: int, workspace_id: str, change: Change) -> None:
        """Change one transcription: all of it or nothing.

        Raises:
            NotFoundError: the workspace has no such transcription, folder or tag.
            ValidationError: the title is invalid.
        """
        title = None if change.title is None else checked_title(change.title)
        ids = [transcription_id]
        async with self._database.transaction() as connection:
            folder_id = await _folder(connection, workspace_id, change.folder_id or 0)
            await _check_tags(connection, workspace_id, change.tag_ids or ())
            shelves = Shelves(connection, workspace_id)
            if not await shelves.lock(ids):
                raise NotFoundError("There is no such transcription.")
            if title is not None:
                await _give_title(connection, transcription_id, title)
            if change.folder_id is not None:
                await shelves.move(ids, folder_id)
            if change.favorite is not None:
                await shelves.favor(ids, favorite=change.favorite)
            if change.tag_ids is not None:
                await shelves.set_tags(transcription_id, change.tag_ids)

    async def tag(self, ids: Sequence[int], workspace_id: str, tag_id: int) -> list[int]:
        """Add a tag to transcriptions. Return those of the workspace.

        Raises:
            NotFoundError: the workspace has no such tag.
        """
        async with self._database.transaction() as connection:
            await _check_tags(connection, workspace_id, [tag_id])
            shelves = Shelves(connection, workspace_id)
            found = await shelves.lock(ids)
            await shelves.tag(found, tag_id)
        return found

    async def untag(self, ids: Sequence[int], workspace_id: str, tag_id: int) -> list[int]:
        """Remove a tag from transcriptions. Return those of the workspace.

        Raises:
            NotFoundError: the workspace has no such tag.
        """
        async with self._database.transaction() as connection:
            await _check_tags(connection, workspace_id, [tag_id])
            shelves = Shelves(connection, workspace_id)
            found = await shelves.lock(ids)
            await shelves.untag(found, tag_id)
        return found

    async def move(self, ids: Sequence[int], workspace_id: str, folder_id: int) -> list[int]:
        """Move transcriptions to a folder, 0 for none. Return those of the workspace.

        Raises:
            NotFoundError: the workspace has no such folder.
        """
        async with self._database.transaction() as connection:
            folder = await _folder(connection, workspace_id, folder_id)
            shelves = Shelves(connection, workspace_id)
            found = await shelves.lock(ids)
            await shelves.move(found, folder)
        return found

    async def favor(self, ids: Sequence[int], workspace_id: str, *, favorite: bool) -> list[int]:
        """Mark transcriptions as favorites, or not. Return those of the workspace."""
        async with self._database.transaction() as connection:
            shelves = Shelves(connection, workspace_id)
            found = await shelves.lock(ids)
            await shelves.favor(found, favorite=favorite)
        return found


async def _give_title(connection: Connection, transcription_id: int, title: str) -> None:
    await Titles(connection).give(transcription_id, title)
    if not title:
        found = await Transcriptions(connection).lock(transcription_id)
        if found is not None and found.transcript_at is not None:
            await suggest_within(connection, found)


async def _folder(connection: Connection, workspace_id: str, folder_id: int) -> int | None:
    """Return a folder to move to. It stays until the end of the transaction."""
    if not folder_id:
        return None
    if await Folders(connection, workspace_id).lock(folder_id) is None:
        raise no_folder()
    return folder_id


async def _check_tags(connection: Connection, workspace_id: str, tag_ids: Collection[int]) -> None:
    """Require tags of the workspace. They stay until the end of the transaction."""
    if set(tag_ids) - await Tags(connection, workspace_id).known(tag_ids):
        raise no_tag()


def checked_title(text: str) -> str:
    """Return a title without surplus blanks.

    Raises:
        ValidationError: it is too long or has control characters.
    """
    if characters.has_forbidden(text):
        raise ValidationError.of("title", "title must not contain control characters.")
    title = characters.tidied(text)
    if len(title) > LONGEST_TITLE:
        raise ValidationError.of("title", f"title must not exceed {LONGEST_TITLE} characters.")
    return title
