"""The same change of many transcriptions, each with a result of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from common import logging
from common.errors import ApplicationError, NotFoundError, TimedOutError
from common.postgres import Database
from transcriber.domain.library import Filter, Sort
from transcriber.library.changes import LibraryChanges
from transcriber.library.trash import Trash
from transcriber.recordings.deletion import Deleter
from transcriber.store.listing import Listing, Place

MOST_ITEMS = 500
_AT_A_TIME = 4
#: Items that are not reached within it (seconds) are reported, to be sent again.
_SECONDS = 40.0
_log = logging.get(__name__)


class Action(StrEnum):
    """What is done to each transcription."""

    TRASH = "trash"
    RESTORE = "restore"
    DELETE = "delete"
    TAG = "tag"
    UNTAG = "untag"
    MOVE = "move"
    FAVORITE = "favorite"


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkChange:
    """An action with its tag, folder or mark."""

    action: Action
    tag_id: int = 0
    folder_id: int = 0
    favorite: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkResult:
    """Result of one transcription: no error if it succeeded."""

    transcription_id: int
    error: ApplicationError | None = None


class BulkChanges:
    """Changes many transcriptions."""

    def __init__(
        self, database: Database, changes: LibraryChanges, trash: Trash, deleter: Deleter
    ) -> None:
        self._database = database
        self._changes = changes
        self._trash = trash
        self._deleter = deleter

    async def matching(
        self, workspace_id: str, wanted: Filter, after: Place | None
    ) -> tuple[list[int], Place | None]:
        """Return transcriptions to change, at most `MOST_ITEMS`, and the place to go on from."""
        async with self._database.transaction() as connection:
            page = await Listing(connection, workspace_id).page(
                wanted, sort=Sort.OLDEST, limit=MOST_ITEMS, after=after
            )
        return page.ids, page.end

    async def execute(
        self, ids: Sequence[int], workspace_id: str, change: BulkChange
    ) -> list[BulkResult]:
        """Change transcriptions. One that fails does not affect the others.

        Raises:
            NotFoundError: the workspace has no such tag or folder.
        """
        distinct = list(dict.fromkeys(ids))
        match change.action:
            case Action.TAG:
                found = await self._changes.tag(distinct, workspace_id, change.tag_id)
            case Action.UNTAG:
                found = await self._changes.untag(distinct, workspace_id, change.tag_id)
            case Action.MOVE:
                found = await self._changes.move(distinct, workspace_id, change.folder_id)
            case Action.FAVORITE:
                found = await self._changes.favor(distinct, workspace_id, favorite=change.favorite)
            case Action.TRASH:
                return await self._each(distinct, workspace_id, self._trash.put)
            case Action.RESTORE:
                return await self._each(distinct, workspace_id, self._trash.restore)
            case Action.DELETE:
                return await self._each(distinct, workspace_id, self._deleter.delete)
        return [_result(number, missing=number not in found) for number in distinct]

    async def _each(
        self,
        ids: Sequence[int],
        workspace_id: str,
        handle: Callable[[int, str], Awaitable[None]],
    ) -> list[BulkResult]:
        places = asyncio.Semaphore(_AT_A_TIME)
        deadline = asyncio.get_running_loop().time() + _SECONDS

        async def one(number: int) -> BulkResult:
            async with places:
                if asyncio.get_running_loop().time() > deadline:
                    late = TimedOutError("There was no time left for it. Send it again.")
                    return BulkResult(transcription_id=number, error=late)
                try:
                    await handle(number, workspace_id)
                except ApplicationError as error:
                    return BulkResult(transcription_id=number, error=error)
                except Exception as error:
                    _log.error("item of a bulk change failed", exc_info=error)
                    internal = ApplicationError("Internal error.")
                    return BulkResult(transcription_id=number, error=internal)
            return BulkResult(transcription_id=number)

        return list(await asyncio.gather(*(one(number) for number in ids)))


def _result(transcription_id: int, *, missing: bool) -> BulkResult:
    error = NotFoundError("There is no such transcription.") if missing else None
    return BulkResult(transcription_id=transcription_id, error=error)
