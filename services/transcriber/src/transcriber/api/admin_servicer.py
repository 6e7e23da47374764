"""Implementation of AdminService: what is stored and how the system does, without content."""

from dataclasses import dataclass
from typing import Any

from common import times
from common.admin import Administrators
from common.auth import Access
from common.erasure_ledger import Erasure, ErasureKind
from common.errors import NotFoundError, ValidationError
from common.grpc_server import method_names
from common.postgres import Database
from securetranscribe.v1 import admin_pb2, admin_pb2_grpc
from transcriber.api import responses
from transcriber.api.service_items import ServiceItems
from transcriber.api.session_ends import SessionEnds
from transcriber.api.storage_figures import StorageFigures
from transcriber.api.system_status import SystemStatus
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import Transcription
from transcriber.encryption.earlier import EarlierRecordings
from transcriber.names.speakers_client import SpeakersClient
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.workspaces import WorkspaceEraser
from transcriber.store import workspace_figures
from transcriber.store.erasures import Erasures
from transcriber.store.plain_objects import PlainFigures
from transcriber.store.stored import StoredThings
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.workspace_figures import WorkspaceFigures

BY_ADMINISTRATOR = "erased by an administrator"
_MOST = 1000
_DEFAULT = 100
_THIS = "This method"
#: Ages beyond are beyond the times of Postgres: a thousand years.
_OLDEST_SECONDS = 1_000 * 365.0 * 86_400
_KINDS = {
    ErasureKind.RECORDING: admin_pb2.ERASURE_KIND_RECORDING,
    ErasureKind.TRANSCRIPTION: admin_pb2.ERASURE_KIND_TRANSCRIPTION,
    ErasureKind.WORKSPACE: admin_pb2.ERASURE_KIND_WORKSPACE,
    ErasureKind.VOICE: admin_pb2.ERASURE_KIND_VOICE,
}
#: Administrators need no session. Every method checks their token.
ACCESS = dict.fromkeys(
    method_names(
        "AdminService",
        [
            "ListStoredTranscriptions",
            "EraseTranscription",
            "EraseOwner",
            "EraseVoice",
            "GetStorageFigures",
            "ListErasures",
            "GetSystemStatus",
            "ListItemsSetAside",
            "RetryItemsSetAside",
            "ListWorkspaceFigures",
            "EncryptRecordings",
            "GetEncryptionFigures",
        ],
    ),
    Access.PUBLIC,
)


@dataclass(frozen=True, kw_only=True)
class AdminDependencies:
    """Objects behind the methods."""

    administrators: Administrators
    database: Database
    deleter: Deleter
    workspaces: WorkspaceEraser
    speakers: SpeakersClient
    sessions: SessionEnds
    retention: Retention
    storage: StorageFigures
    system: SystemStatus
    items: ServiceItems
    earlier: EarlierRecordings


class AdminServicer(admin_pb2_grpc.AdminServiceServicer):
    """Serves AdminService to callers with the token of administrators."""

    def __init__(self, dependencies: AdminDependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._administrators = dependencies.administrators

    async def ListStoredTranscriptions(
        self, request: admin_pb2.ListStoredTranscriptionsRequest, context: Any
    ) -> admin_pb2.ListStoredTranscriptionsResponse:
        """List transcriptions of all owners, oldest first."""
        self._administrators.require(context, _THIS)
        limit, offset = _page(request.limit, request.offset)
        async with self._database.transaction() as connection:
            ids, total = await StoredThings(connection).page(
                owner=request.owner,
                min_age=min(max(times.seconds(request.min_age), 0.0), _OLDEST_SECONDS),
                limit=limit,
                offset=offset,
            )
            found = [await Transcriptions(connection).get(number) for number in ids]
        return admin_pb2.ListStoredTranscriptionsResponse(
            transcriptions=[
                _stored(item, self._dependencies.retention) for item in found if item is not None
            ],
            total=total,
        )

    async def EraseTranscription(
        self, request: admin_pb2.EraseTranscriptionRequest, context: Any
    ) -> admin_pb2.EraseTranscriptionResponse:
        """Erase a transcription of any owner."""
        self._administrators.require(context, _THIS)
        await self._dependencies.deleter.erase(request.transcription_id, reason=BY_ADMINISTRATOR)
        return admin_pb2.EraseTranscriptionResponse()

    async def EraseOwner(
        self, request: admin_pb2.EraseOwnerRequest, context: Any
    ) -> admin_pb2.EraseOwnerResponse:
        """End a session and erase everything of its workspace."""
        self._administrators.require(context, _THIS)
        if not request.owner:
            raise ValidationError.of("owner", "Name a session or a workspace.")
        # First, so that nothing is added to what is being erased.
        ended = await self._dependencies.sessions.end(request.owner)
        workspaces = set(ended.workspaces)
        async with self._database.transaction() as connection:
            workspaces.update(await StoredThings(connection).workspaces_of(request.owner))
        erased = 0
        for workspace_id in sorted(workspaces or {request.owner}):
            erased += await self._dependencies.workspaces.erase(
                workspace_id, BY_ADMINISTRATOR, lasts=workspace_id in ended.lasting
            )
            await self._dependencies.speakers.erase_workspace(workspace_id, BY_ADMINISTRATOR)
        return admin_pb2.EraseOwnerResponse(transcriptions=erased)

    async def EraseVoice(
        self, request: admin_pb2.EraseVoiceRequest, context: Any
    ) -> admin_pb2.EraseVoiceResponse:
        """Erase the profile of a person with all voiceprints."""
        self._administrators.require(context, _THIS)
        if not await self._dependencies.speakers.erase_voices([request.speaker_id]):
            raise NotFoundError("There is no such voice.")
        return admin_pb2.EraseVoiceResponse()

    async def GetStorageFigures(
        self, _request: admin_pb2.GetStorageFiguresRequest, context: Any
    ) -> admin_pb2.GetStorageFiguresResponse:
        """Return figures about everything stored."""
        self._administrators.require(context, _THIS)
        return await self._dependencies.storage.read()

    async def ListWorkspaceFigures(
        self, request: admin_pb2.ListWorkspaceFiguresRequest, context: Any
    ) -> admin_pb2.ListWorkspaceFiguresResponse:
        """List workspaces with figures, those with the most stored bytes first."""
        self._administrators.require(context, _THIS)
        limit, offset = _page(request.limit, request.offset)
        if len(request.owners) > _MOST:
            raise ValidationError.of("owners", f"Name at most {_MOST} workspaces.")
        async with self._database.transaction() as connection:
            found, total = await workspace_figures.page(
                connection, owners=request.owners, limit=limit, offset=offset
            )
        return admin_pb2.ListWorkspaceFiguresResponse(
            workspaces=map(_workspace, found), total=total
        )

    async def EncryptRecordings(
        self, _request: admin_pb2.EncryptRecordingsRequest, context: Any
    ) -> admin_pb2.EncryptRecordingsResponse:
        """Begin to encrypt objects stored before encryption."""
        self._administrators.require(context, _THIS)
        figures = await self._dependencies.earlier.request()
        return admin_pb2.EncryptRecordingsResponse(figures=_encryption(figures))

    async def GetEncryptionFigures(
        self, _request: admin_pb2.GetEncryptionFiguresRequest, context: Any
    ) -> admin_pb2.GetEncryptionFiguresResponse:
        """Return how many transcriptions are encrypted."""
        self._administrators.require(context, _THIS)
        figures = await self._dependencies.earlier.figures()
        return admin_pb2.GetEncryptionFiguresResponse(figures=_encryption(figures))

    async def ListErasures(
        self, request: admin_pb2.ListErasuresRequest, context: Any
    ) -> admin_pb2.ListErasuresResponse:
        """List what was erased, newest first."""
        self._administrators.require(context, _THIS)
        limit, offset = _page(request.limit, request.offset)
        async with self._database.transaction() as connection:
            erasures, total = await Erasures(connection).page(limit, offset)
        return admin_pb2.ListErasuresResponse(erasures=map(_erasure, erasures), total=total)

    async def GetSystemStatus(
        self, _request: admin_pb2.GetSystemStatusRequest, context: Any
    ) -> admin_pb2.GetSystemStatusResponse:
        """Return the workers, the load of the queue, and the throughput of the last hour."""
        self._administrators.require(context, _THIS)
        return await self._dependencies.system.read()

    async def ListItemsSetAside(
        self, _request: admin_pb2.ListItemsSetAsideRequest, context: Any
    ) -> admin_pb2.ListItemsSetAsideResponse:
        """List the items set aside by any service."""
        self._administrators.require(context, _THIS)
        return await self._dependencies.items.listed()

    async def RetryItemsSetAside(
        self, request: admin_pb2.RetryItemsSetAsideRequest, context: Any
    ) -> admin_pb2.RetryItemsSetAsideResponse:
        """Make a service's set-aside items due again."""
        self._administrators.require(context, _THIS)
        count = await self._dependencies.items.retry(request.service, request.step, request.item)
        return admin_pb2.RetryItemsSetAsideResponse(items=count)


def _page(limit: int, offset: int) -> tuple[int, int]:
    if not 0 <= limit <= _MOST:
        raise ValidationError.of("limit", f"limit must be from 1 to {_MOST}.")
    if offset < 0:
        raise ValidationError.of("offset", "offset must not be negative.")
    return limit or _DEFAULT, offset


def _stored(value: Transcription, retention: Retention) -> admin_pb2.StoredTranscription:
    return admin_pb2.StoredTranscription(
        transcription_id=value.id,
        workspace_id=value.workspace_id,
        session_id=value.session_id,
        status=responses.STATUSES[value.status],
        size_bytes=value.file.size_bytes,
        duration=times.duration(value.file.duration),
        recording_stored=value.source_available,
        create_time=times.timestamp(value.created_at),
        recording_keep_until_time=times.timestamp(retention.recording_until(value)),
        keep_until_time=times.timestamp(retention.transcription_until(value)),
    )


def _workspace(value: WorkspaceFigures) -> admin_pb2.WorkspaceFigures:
    return admin_pb2.WorkspaceFigures(
        workspace_id=value.workspace_id,
        transcriptions=value.transcriptions,
        trashed_transcriptions=value.trashed,
        recordings=value.recordings,
        recording_bytes=value.recording_bytes,
        recording_duration=times.duration(value.recording_seconds),
        playback_bytes=value.playback_bytes,
        jobs=value.jobs,
        last_upload_time=times.timestamp(value.last_upload_at),
    )


def _encryption(value: PlainFigures) -> admin_pb2.EncryptionFigures:
    return admin_pb2.EncryptionFigures(
        encrypted=value.encrypted,
        plain=value.plain,
        busy=value.busy,
        set_aside=value.set_aside,
        plain_recording_bytes=value.plain_recording_bytes,
        plain_leftovers=value.leftovers,
        running=value.requested,
    )


def _erasure(value: Erasure) -> admin_pb2.Erasure:
    return admin_pb2.Erasure(
        kind=_KINDS[value.kind],
        subject=value.subject,
        workspace_id=value.workspace_id,
        erase_time=times.timestamp(value.erased_at),
        reason=value.reason,
    )
