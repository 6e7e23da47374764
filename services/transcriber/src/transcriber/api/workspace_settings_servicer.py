"""Implementation of WorkspaceSettingsService: settings of workspaces, for the gateway."""

from collections.abc import Collection
from typing import Any

from google.protobuf.duration_pb2 import Duration

from common import times
from common.auth import Access
from common.errors import ValidationError
from common.grpc_server import method_names
from common.postgres import Database
from securetranscribe.v1 import identity_pb2, workspace_settings_pb2_grpc
from securetranscribe.v1 import workspace_settings_pb2 as pb
from transcriber.domain.workspace_settings import Bounds, WorkspaceSettings
from transcriber.store.expiry import Expiry
from transcriber.store.usage import Usage, Used
from transcriber.store.workspace_settings import StoredSettings

ACCESS = dict.fromkeys(
    method_names("WorkspaceSettingsService", ["ReadWorkspaceSettings", "ChangeWorkspaceSettings"]),
    Access.SERVICE,
)
_LONGEST_WORKSPACE_ID = 128
#: Fields of the domain by those of messages.
_FIELDS = {
    "processed_recording": "processed",
    "unprocessed_recording": "unprocessed",
    "transcription": "transcripts",
    "trash": "trash",
    "voice_memory": "voice_memory",
    "stored_bytes": "stored_bytes",
    "queued": "queued_seconds",
    "queue_weight": "queue_weight",
}
_NAMES = {field: name for name, field in _FIELDS.items()}


class WorkspaceSettingsServicer(workspace_settings_pb2_grpc.WorkspaceSettingsServiceServicer):
    """Settings of workspaces."""

    def __init__(self, database: Database, bounds: Bounds) -> None:
        self._database = database
        self._bounds = bounds

    async def ReadWorkspaceSettings(
        self, request: pb.ReadWorkspaceSettingsRequest, _context: Any
    ) -> pb.ReadWorkspaceSettingsResponse:
        """Return the settings of a workspace."""
        workspace_id = _checked(request.workspace_id)
        async with self._database.transaction() as connection:
            own = await StoredSettings(connection).get(workspace_id)
            used = await Usage(connection, workspace_id).used()
        return pb.ReadWorkspaceSettingsResponse(settings=self._view(own, used))

    async def ChangeWorkspaceSettings(
        self, request: pb.ChangeWorkspaceSettingsRequest, _context: Any
    ) -> pb.ChangeWorkspaceSettingsResponse:
        """Change settings of a workspace."""
        workspace_id = _checked(request.workspace_id)
        fields = _fields(request.update_mask.paths)
        values = _settings_of(request.settings)
        try:
            self._bounds.check(values, fields)
        except ValidationError as error:
            named = _NAMES.get(error.details.get("field", ""), "")
            raise ValidationError.of(f"settings.{named}", error.message) from error
        async with self._database.transaction() as connection:
            stored = StoredSettings(connection)
            before = await stored.get(workspace_id)
            own = await stored.change(workspace_id, values, fields)
            if own.transcripts != before.transcripts:
                # An earlier warning told another time, or is of long ago.
                await Expiry(connection).forget_warnings(
                    workspace_id,
                    transcripts=self._bounds.deployment.transcripts,
                    warning=self._bounds.warning,
                )
            used = await Usage(connection, workspace_id).used()
        return pb.ChangeWorkspaceSettingsResponse(settings=self._view(own, used))

    def _view(self, own: WorkspaceSettings, used: Used) -> identity_pb2.WorkspaceSettingsView:
        deployment = self._bounds.deployment
        return identity_pb2.WorkspaceSettingsView(
            own=_message(own),
            effective=_message(own.within(deployment)),
            deployment=_message(deployment),
            used=identity_pb2.WorkspaceUse(
                stored_bytes=used.stored_bytes, queued=times.duration(used.queued_seconds)
            ),
            least_transcription=times.duration(self._bounds.least_transcripts),
        )


def _checked(workspace_id: str) -> str:
    if not 1 <= len(workspace_id) <= _LONGEST_WORKSPACE_ID or "\0" in workspace_id:
        raise ValidationError.of("workspace_id", "This is not an identifier of a workspace.")
    return workspace_id


def _fields(paths: Collection[str]) -> set[str]:
    unknown = sorted(set(paths) - set(_FIELDS))
    if unknown or not paths:
        raise ValidationError.of(
            "update_mask", f"The mask must name one or more of {', '.join(_FIELDS)}."
        )
    return {_FIELDS[path] for path in paths}


def _settings_of(message: identity_pb2.WorkspaceSettings) -> WorkspaceSettings:
    present = {field.name for field, _ in message.ListFields()}

    def seconds(name: str) -> float | None:
        return times.seconds(getattr(message, name)) if name in present else None

    return WorkspaceSettings(
        processed=seconds("processed_recording"),
        unprocessed=seconds("unprocessed_recording"),
        transcripts=seconds("transcription"),
        trash=seconds("trash"),
        voice_memory=message.voice_memory if message.HasField("voice_memory") else None,
        stored_bytes=message.stored_bytes if message.HasField("stored_bytes") else None,
        queued_seconds=seconds("queued"),
        queue_weight=message.queue_weight if message.HasField("queue_weight") else None,
    )


def _message(settings: WorkspaceSettings) -> identity_pb2.WorkspaceSettings:
    def duration(seconds: float | None) -> Duration | None:
        return None if seconds is None else times.duration(seconds)

    return identity_pb2.WorkspaceSettings(
        processed_recording=duration(settings.processed),
        unprocessed_recording=duration(settings.unprocessed),
        transcription=duration(settings.transcripts),
        trash=duration(settings.trash),
        voice_memory=settings.voice_memory,
        stored_bytes=settings.stored_bytes,
        queued=duration(settings.queued_seconds),
        queue_weight=settings.queue_weight,
    )
