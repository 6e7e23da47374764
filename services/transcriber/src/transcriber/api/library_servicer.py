"""LibraryService: titles, tags, folders, favorites and the trash."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from common import rights
from common.errors import NotFoundError
from common.postgres import Database
from common.rights import Right
from securetranscribe.v1 import library_pb2, library_pb2_grpc, transcription_pb2
from transcriber.api import library_requests, requests, responses
from transcriber.domain.library import Folder
from transcriber.domain.retention import Retention
from transcriber.library.bulk import Action, BulkChanges, BulkResult
from transcriber.library.changes import LibraryChanges
from transcriber.library.organization import Organization
from transcriber.library.titles import TitleSuggestions
from transcriber.library.trash import Trash
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.folders import Folders
from transcriber.store.library import Shelves
from transcriber.store.listing import Place
from transcriber.store.tags import Tags
from transcriber.store.transcriptions import Transcriptions

_TRASH = "trash"
_BULK = "bulk"
_RIGHTS = {Action.DELETE: Right.DELETE, Action.TRASH: Right.DELETE, Action.RESTORE: Right.DELETE}


@dataclass(frozen=True, kw_only=True)
class LibraryDependencies:
    """Dependencies of the servicer."""

    database: Database
    organization: Organization
    titles: TitleSuggestions
    trash: Trash
    changes: LibraryChanges
    bulk: BulkChanges
    retention: Retention
    access: TranscriptionAccess


class LibraryServicer(library_pb2_grpc.LibraryServiceServicer):
    """Serves LibraryService. Callers see only what their workspace has."""

    def __init__(self, dependencies: LibraryDependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    async def TrashTranscription(
        self, request: library_pb2.TrashTranscriptionRequest, _context: Any
    ) -> library_pb2.TrashTranscriptionResponse:
        """Move a transcription to the trash."""
        owner = await self._dependencies.access.owner(
            request.transcription_id, Right.DELETE, trashed=True
        )
        workspace_id = owner.workspace_id
        await self._dependencies.trash.put(request.transcription_id, workspace_id)
        return library_pb2.TrashTranscriptionResponse(
            transcription=await self._shown(request.transcription_id, workspace_id)
        )

    async def RestoreTranscription(
        self, request: library_pb2.RestoreTranscriptionRequest, _context: Any
    ) -> library_pb2.RestoreTranscriptionResponse:
        """Take a transcription out of the trash."""
        owner = await self._dependencies.access.owner(
            request.transcription_id, Right.DELETE, trashed=True
        )
        workspace_id = owner.workspace_id
        await self._dependencies.trash.restore(request.transcription_id, workspace_id)
        return library_pb2.RestoreTranscriptionResponse(
            transcription=await self._shown(request.transcription_id, workspace_id)
        )

    async def ListTrash(
        self, request: library_pb2.ListTrashRequest, _context: Any
    ) -> library_pb2.ListTrashResponse:
        """Return a page of the trash, the latest first."""
        limit, _ = requests.page(request.limit, 0)
        place = library_requests.place_of(_TRASH, request.cursor)
        after = None if place is None else (library_requests.moment_of(place), place.id)
        async with self._database.transaction() as connection:
            shelves = Shelves(connection, rights.workspace(Right.READ))
            listed = await shelves.trashed(after=after, limit=limit + 1)
            total = await shelves.count_trashed()
            ids = [number for number, _ in listed[:limit]]
            found = await Transcriptions(connection).get_all(ids)
        end = None
        if len(listed) > limit:
            last, moment = listed[limit - 1]
            end = Place(text=moment.isoformat(), id=last)
        now = _now()
        return library_pb2.ListTrashResponse(
            transcriptions=[
                responses.transcription(one, now, self._dependencies.retention) for one in found
            ],
            total=total,
            next_cursor=library_requests.cursor_of(_TRASH, end),
        )

    async def UpdateTranscription(
        self, request: library_pb2.UpdateTranscriptionRequest, _context: Any
    ) -> library_pb2.UpdateTranscriptionResponse:
        """Change title, folder, tags or favorite of a transcription."""
        change = library_requests.change(request)
        owner = await self._dependencies.access.owner(request.transcription_id, Right.CHANGE)
        workspace_id = owner.workspace_id
        await self._dependencies.changes.change(request.transcription_id, workspace_id, change)
        return library_pb2.UpdateTranscriptionResponse(
            transcription=await self._shown(request.transcription_id, workspace_id)
        )

    async def SuggestTitle(
        self, request: library_pb2.SuggestTitleRequest, _context: Any
    ) -> library_pb2.SuggestTitleResponse:
        """Replace the title by a suggestion from the newest revision."""
        owner = await self._dependencies.access.owner(request.transcription_id, Right.CHANGE)
        workspace_id = owner.workspace_id
        await self._dependencies.titles.suggest(request.transcription_id, workspace_id)
        return library_pb2.SuggestTitleResponse(
            transcription=await self._shown(request.transcription_id, workspace_id)
        )

    async def ListTags(
        self, _request: library_pb2.ListTagsRequest, _context: Any
    ) -> library_pb2.ListTagsResponse:
        """Return all tags."""
        async with self._database.transaction() as connection:
            tags = await Tags(connection, rights.workspace(Right.READ)).all()
        return library_pb2.ListTagsResponse(
            tags=[
                library_pb2.TagUse(tag=responses.tag(tag), transcription_count=uses)
                for tag, uses in tags
            ]
        )

    async def CreateTag(
        self, request: library_pb2.CreateTagRequest, _context: Any
    ) -> library_pb2.CreateTagResponse:
        """Make a tag."""
        tag = await self._dependencies.organization.add_tag(
            rights.workspace(Right.CREATE), request.name, request.color
        )
        return library_pb2.CreateTagResponse(tag=responses.tag(tag))

    async def UpdateTag(
        self, request: library_pb2.UpdateTagRequest, _context: Any
    ) -> library_pb2.UpdateTagResponse:
        """Change a tag."""
        tag = await self._dependencies.organization.change_tag(
            rights.workspace(Right.CHANGE),
            request.tag_id,
            name=request.name if request.HasField("name") else None,
            color=request.color if request.HasField("color") else None,
        )
        return library_pb2.UpdateTagResponse(tag=responses.tag(tag))

    async def DeleteTag(
        self, request: library_pb2.DeleteTagRequest, _context: Any
    ) -> library_pb2.DeleteTagResponse:
        """Delete a tag."""
        workspace_id = rights.workspace(Right.DELETE)
        await self._dependencies.organization.delete_tag(workspace_id, request.tag_id)
        return library_pb2.DeleteTagResponse()

    async def ListFolders(
        self, _request: library_pb2.ListFoldersRequest, _context: Any
    ) -> library_pb2.ListFoldersResponse:
        """Return all folders."""
        async with self._database.transaction() as connection:
            folders = await Folders(connection, rights.workspace(Right.READ)).all()
        return library_pb2.ListFoldersResponse(
            folders=[_folder(folder, uses) for folder, uses in folders]
        )

    async def CreateFolder(
        self, request: library_pb2.CreateFolderRequest, _context: Any
    ) -> library_pb2.CreateFolderResponse:
        """Make a folder."""
        folder = await self._dependencies.organization.add_folder(
            rights.workspace(Right.CREATE), request.name, request.parent_id
        )
        return library_pb2.CreateFolderResponse(folder=_folder(folder, 0))

    async def UpdateFolder(
        self, request: library_pb2.UpdateFolderRequest, _context: Any
    ) -> library_pb2.UpdateFolderResponse:
        """Change a folder."""
        workspace_id = rights.workspace(Right.CHANGE)
        folder = await self._dependencies.organization.change_folder(
            workspace_id,
            request.folder_id,
            name=request.name if request.HasField("name") else None,
            parent_id=request.parent_id if request.HasField("parent_id") else None,
        )
        async with self._database.transaction() as connection:
            uses = await Folders(connection, workspace_id).uses(folder.id)
        return library_pb2.UpdateFolderResponse(folder=_folder(folder, uses))

    async def DeleteFolder(
        self, request: library_pb2.DeleteFolderRequest, _context: Any
    ) -> library_pb2.DeleteFolderResponse:
        """Delete a folder."""
        workspace_id = rights.workspace(Right.DELETE)
        await self._dependencies.organization.delete_folder(workspace_id, request.folder_id)
        return library_pb2.DeleteFolderResponse()

    async def BulkUpdate(
        self, request: library_pb2.BulkUpdateRequest, _context: Any
    ) -> library_pb2.BulkUpdateResponse:
        """Change many transcriptions."""
        change = library_requests.bulk(request)
        workspace_id = rights.workspace(_RIGHTS.get(change.action, Right.CHANGE))
        bulk = self._dependencies.bulk
        ids = library_requests.bulk_ids(request)
        end = None
        if not ids:
            trashed = change.action is Action.RESTORE or (
                change.action is Action.DELETE and request.trashed
            )
            wanted = library_requests.wanted(request.filter, trashed=trashed)
            after = library_requests.place_of(_BULK, request.cursor)
            ids, end = await bulk.matching(workspace_id, wanted, after)
        results = await bulk.execute(ids, workspace_id, change)
        return library_pb2.BulkUpdateResponse(
            results=map(_result, results), next_cursor=library_requests.cursor_of(_BULK, end)
        )

    async def _shown(
        self, transcription_id: int, workspace_id: str
    ) -> transcription_pb2.Transcription:
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).get(transcription_id)
        if found is None or found.workspace_id != workspace_id:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return responses.transcription(found, _now(), self._dependencies.retention)


def _folder(folder: Folder, uses: int) -> library_pb2.Folder:
    return library_pb2.Folder(
        folder_id=folder.id,
        name=folder.name,
        parent_id=folder.parent_id or 0,
        transcription_count=uses,
    )


def _result(result: BulkResult) -> library_pb2.BulkResult:
    error = result.error
    return library_pb2.BulkResult(
        transcription_id=result.transcription_id,
        error_code=error.code if error else "",
        error_message=error.message if error else "",
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
