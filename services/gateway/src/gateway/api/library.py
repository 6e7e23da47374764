"""Endpoints of titles, favorites, the trash, and bulk changes."""

import datetime as dt
from collections.abc import Callable

from common import times
from gateway.api import transcription_conversion as conversion
from gateway.api.library_filters import Cursor
from gateway.api.library_models import (
    ActionWord,
    BulkBody,
    BulkData,
    BulkItem,
    ItemError,
    LibraryData,
    TrashedData,
    TrashedItem,
    TrashList,
    UpdateBody,
)
from gateway.api.parameters import Caller, Limit, TranscriptionId
from gateway.backends import Backends
from gateway.sessions.session import Session
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import library_pb2, transcription_pb2

_TAG = "Library"
_BULK_SECONDS = 60.0
_ACTIONS: "dict[ActionWord, library_pb2.BulkAction.ValueType]" = {
    "trash": library_pb2.BULK_ACTION_TRASH,
    "restore": library_pb2.BULK_ACTION_RESTORE,
    "delete": library_pb2.BULK_ACTION_DELETE,
    "tag": library_pb2.BULK_ACTION_TAG,
    "untag": library_pb2.BULK_ACTION_UNTAG,
    "move": library_pb2.BULK_ACTION_MOVE,
    "favorite": library_pb2.BULK_ACTION_FAVORITE,
}


class LibraryApi:
    """Order among transcriptions."""

    def __init__(
        self, backends: Backends, kept_until: Callable[[Session], dt.datetime | None]
    ) -> None:
        """Initialize the endpoints. `kept_until` tells when what a session owns is erased."""
        self._backends = backends
        self._kept_until = kept_until
        self._service = backends.library

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="PUT",
                path="/transcription/{transcription_id}",
                handler=self.update_transcription,
                summary="Change title, folder, tags and favorite",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/title/suggest",
                handler=self.suggest_title,
                summary="Suggest a title",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/trash",
                handler=self.trash_transcription,
                summary="Move a transcription to the trash",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="POST",
                path="/transcription/{transcription_id}/restore",
                handler=self.restore_transcription,
                summary="Restore a transcription",
                tag=_TAG,
                errors=(404,),
            ),
            Endpoint(
                method="GET",
                path="/trash",
                handler=self.list_trash,
                summary="List the trash",
                tag=_TAG,
            ),
            Endpoint(
                method="POST",
                path="/transcriptions/bulk",
                handler=self.change_transcriptions,
                summary="Change many transcriptions",
                tag=_TAG,
                errors=(404,),
            ),
        ]

    async def update_transcription(
        self, transcription_id: TranscriptionId, caller: Caller, body: UpdateBody
    ) -> Success[LibraryData]:
        """Change the given properties of a transcription, all of them or none."""
        request = library_pb2.UpdateTranscriptionRequest(
            transcription_id=transcription_id,
            title=body.title,
            folder_id=body.folder_id,
            favorite=body.favorite,
        )
        if body.tag_ids is not None:
            request.tags.CopyFrom(library_pb2.TagSet(tag_ids=body.tag_ids))
        answer = await self._backends.ask(self._service.UpdateTranscription, request, caller)
        return Success[LibraryData].of(_data(answer.transcription), "Transcription updated")

    async def suggest_title(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[LibraryData]:
        """Replace the title by one suggested from the newest revision of the transcript."""
        answer = await self._backends.ask(
            self._service.SuggestTitle,
            library_pb2.SuggestTitleRequest(transcription_id=transcription_id),
            caller,
        )
        return Success[LibraryData].of(_data(answer.transcription), "Title suggested")

    async def trash_transcription(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[TrashedData]:
        """Move a transcription to the trash. A running job is cancelled first."""
        answer = await self._backends.ask(
            self._service.TrashTranscription,
            library_pb2.TrashTranscriptionRequest(transcription_id=transcription_id),
            caller,
        )
        data = TrashedData(
            transcription_id=transcription_id,
            trashed_at=times.moment(answer.transcription.trash_time),
            kept_until=self._until(answer.transcription, caller),
        )
        return Success[TrashedData].of(data, "Transcription moved to the trash")

    async def restore_transcription(
        self, transcription_id: TranscriptionId, caller: Caller
    ) -> Success[LibraryData]:
        """Take a transcription out of the trash."""
        answer = await self._backends.ask(
            self._service.RestoreTranscription,
            library_pb2.RestoreTranscriptionRequest(transcription_id=transcription_id),
            caller,
        )
        return Success[LibraryData].of(_data(answer.transcription), "Transcription restored")

    async def list_trash(
        self, caller: Caller, limit: Limit = 50, cursor: Cursor = None
    ) -> Success[TrashList]:
        """List the transcriptions in the trash, the latest first."""
        answer = await self._backends.ask(
            self._service.ListTrash,
            library_pb2.ListTrashRequest(limit=limit, cursor=cursor or ""),
            caller,
        )
        data = TrashList(
            transcriptions=[self._trashed(one, caller) for one in answer.transcriptions],
            total=answer.total,
            limit=limit,
            next_cursor=answer.next_cursor or None,
        )
        return Success[TrashList].of(data, "Trash retrieved")

    async def change_transcriptions(self, caller: Caller, body: BulkBody) -> Success[BulkData]:
        """Do the same to many transcriptions. One that fails does not affect the others.

        Repeating the request is harmless.
        """
        request = library_pb2.BulkUpdateRequest(
            transcription_ids=body.transcription_ids or [],
            filter=None if body.filter is None else body.filter.message(),
            cursor=body.cursor,
            trashed=body.trashed,
            action=_ACTIONS[body.action],
            tag_id=body.tag_id or 0,
            folder_id=body.folder_id,
            favorite=body.favorite,
        )
        answer = await self._backends.ask(
            self._service.BulkUpdate, request, caller, seconds=_BULK_SECONDS
        )
        results = [_item(one) for one in answer.results]
        failed = sum(one.error is not None for one in results)
        data = BulkData(
            succeeded=len(results) - failed,
            failed=failed,
            results=results,
            next_cursor=answer.next_cursor or None,
        )
        return Success[BulkData].of(data, "Transcriptions changed")

    def _trashed(
        self, transcription: transcription_pb2.Transcription, caller: Session
    ) -> TrashedItem:
        return TrashedItem(
            **dict(conversion.item(transcription)),
            trashed_at=times.moment(transcription.trash_time),
            kept_until=self._until(transcription, caller),
        )

    def _until(
        self, transcription: transcription_pb2.Transcription, caller: Session
    ) -> dt.datetime:
        """Return when a transcription in the trash is erased, at the end of its owner at last."""
        until = times.moment(transcription.keep_until_time)
        return min(until, self._kept_until(caller) or until)


def _data(transcription: transcription_pb2.Transcription) -> LibraryData:
    item = conversion.item(transcription)
    return LibraryData(
        transcription_id=item.id,
        title=item.title,
        title_source=item.title_source,
        folder_id=item.folder_id,
        favorite=item.favorite,
        tags=item.tags,
    )


def _item(result: library_pb2.BulkResult) -> BulkItem:
    error = None
    if result.error_code:
        error = ItemError(code=result.error_code, message=result.error_message)
    return BulkItem(transcription_id=result.transcription_id, error=error)
