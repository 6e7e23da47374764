"""Tags and folders of a workspace."""

import re
from dataclasses import replace

from common import characters
from common.errors import ConflictError, NotFoundError, ResourceExhaustedError, ValidationError
from common.postgres import Connection, Database
from transcriber.domain.library import Folder, Tag
from transcriber.store import locks
from transcriber.store.folders import Folders
from transcriber.store.tags import Tags

MOST_TAGS = 500
MOST_FOLDERS = 500
LONGEST_NAME = 100
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


class Organization:
    """Makes, changes and deletes tags and folders. Changes of one workspace wait for each other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_tag(self, workspace_id: str, name: str, color: str) -> Tag:
        """Make a tag.

        Raises:
            ValidationError: the name or the color is invalid.
            ConflictError: the name is taken.
            ResourceExhaustedError: there are too many tags.
        """
        name, color = _name(name), _color(color)
        async with self._database.transaction() as connection:
            tags = await self._tags(connection, workspace_id)
            if await tags.count() >= MOST_TAGS:
                raise ResourceExhaustedError(f"There are {MOST_TAGS} tags already. Delete some.")
            tag_id = await tags.add(name, color)
            if tag_id is None:
                raise _taken("tag")
        return Tag(id=tag_id, name=name, color=color)

    async def change_tag(
        self, workspace_id: str, tag_id: int, *, name: str | None, color: str | None
    ) -> Tag:
        """Change the name or the color of a tag. None leaves it.

        Raises:
            NotFoundError: the workspace has no such tag.
            ValidationError: the name or the color is invalid.
            ConflictError: the name is taken.
        """
        async with self._database.transaction() as connection:
            tags = await self._tags(connection, workspace_id)
            tag = await tags.lock(tag_id)
            if tag is None:
                raise no_tag()
            if name is not None:
                tag = replace(tag, name=_name(name))
                if await tags.has_namesake(tag_id, tag.name):
                    raise _taken("tag")
            if color is not None:
                tag = replace(tag, color=_color(color))
            await tags.change(tag)
        return tag

    async def delete_tag(self, workspace_id: str, tag_id: int) -> None:
        """Delete a tag. Transcriptions with it stay.

        Raises:
            NotFoundError: the workspace has no such tag.
        """
        async with self._database.transaction() as connection:
            tags = await self._tags(connection, workspace_id)
            if not await tags.delete(tag_id):
                raise no_tag()

    async def add_folder(self, workspace_id: str, name: str, parent_id: int) -> Folder:
        """Make a folder, at the top if `parent_id` is 0.

        Raises:
            NotFoundError: the workspace has no such parent.
            ValidationError: the name is invalid, or the parent lies in another folder itself.
            ConflictError: the name is taken there.
            ResourceExhaustedError: there are too many folders.
        """
        name = _name(name)
        async with self._database.transaction() as connection:
            folders = await self._folders(connection, workspace_id)
            parent = await _parent(folders, parent_id)
            if await folders.count() >= MOST_FOLDERS:
                raise ResourceExhaustedError(
                    f"There are {MOST_FOLDERS} folders already. Delete some."
                )
            if await folders.has_namesake(parent, name):
                raise _taken("folder")
            folder_id = await folders.add(name, parent)
        return Folder(id=folder_id, name=name, parent_id=parent)

    async def change_folder(
        self, workspace_id: str, folder_id: int, *, name: str | None, parent_id: int | None
    ) -> Folder:
        """Change the name or the place of a folder. None leaves it.

        Raises:
            NotFoundError: the workspace has no such folder or parent.
            ValidationError: the name is invalid, or folders would lie deeper than in one another.
            ConflictError: the name is taken there.
        """
        async with self._database.transaction() as connection:
            folders = await self._folders(connection, workspace_id)
            folder = await folders.lock(folder_id)
            if folder is None:
                raise no_folder()
            if name is not None:
                folder = replace(folder, name=_name(name))
            if parent_id is not None:
                folder = replace(folder, parent_id=await _parent(folders, parent_id))
                if folder.parent_id is not None and await folders.inner(folder_id):
                    raise _too_deep("A folder that has folders in it must stay at the top.")
                if folder.parent_id == folder_id:
                    raise _too_deep("A folder cannot lie in itself.")
            if await folders.has_namesake(folder.parent_id, folder.name, but=folder_id):
                raise _taken("folder")
            await folders.change(folder)
        return folder

    async def delete_folder(self, workspace_id: str, folder_id: int) -> None:
        """Delete a folder. Its transcriptions and folders move up to the place where it was.

        Raises:
            NotFoundError: the workspace has no such folder.
        """
        async with self._database.transaction() as connection:
            folders = await self._folders(connection, workspace_id)
            folder = await folders.lock(folder_id)
            if folder is None:
                raise no_folder()
            for inner in await folders.inner(folder_id):
                name = await _free_name(folders, folder.parent_id, inner)
                await folders.change(replace(inner, name=name, parent_id=folder.parent_id))
            await folders.delete(folder)

    async def _tags(self, connection: Connection, workspace_id: str) -> Tags:
        await locks.acquire(connection, locks.library_of(workspace_id))
        return Tags(connection, workspace_id)

    async def _folders(self, connection: Connection, workspace_id: str) -> Folders:
        await locks.acquire(connection, locks.library_of(workspace_id))
        return Folders(connection, workspace_id)


async def _parent(folders: Folders, parent_id: int) -> int | None:
    if not parent_id:
        return None
    parent = await folders.lock(parent_id)
    if parent is None:
        raise no_folder()
    if parent.parent_id is not None:
        raise _too_deep("A folder within another one has no folders in it.")
    return parent_id


async def _free_name(folders: Folders, parent_id: int | None, folder: Folder) -> str:
    """Return the name of a moving folder, with a number if it is taken there."""
    name, number = folder.name, 1
    while await folders.has_namesake(parent_id, name, but=folder.id):
        number += 1
        suffix = f" ({number})"
        name = characters.shortened(folder.name, LONGEST_NAME - len(suffix)) + suffix
    return name


def no_tag() -> NotFoundError:
    """Return the error about a tag unknown in the workspace."""
    return NotFoundError("There is no such tag.")


def no_folder() -> NotFoundError:
    """Return the error about a folder unknown in the workspace."""
    return NotFoundError("There is no such folder.")


def _name(text: str) -> str:
    if characters.has_forbidden(text):
        raise ValidationError.of("name", "name must not contain control characters.")
    name = characters.tidied(text)
    if not characters.key(name) or len(name) > LONGEST_NAME:
        raise ValidationError.of("name", f"name must have 1 to {LONGEST_NAME} characters.")
    return name


def _color(text: str) -> str:
    if text and not _COLOR.fullmatch(text):
        raise ValidationError.of("color", "color must be like #3366cc.")
    return text.lower()


def _taken(kind: str) -> ConflictError:
    return ConflictError(f"There is a {kind} with this name already.", {"field": "name"})


def _too_deep(message: str) -> ValidationError:
    return ValidationError.of("parent_id", message)
