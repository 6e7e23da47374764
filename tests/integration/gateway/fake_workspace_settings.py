"""Fake WorkspaceSettingsService over real gRPC, which keeps what it is sent."""

from typing import Any

from common import times
from common.errors import ValidationError
from securetranscribe.v1 import identity_pb2, workspace_settings_pb2_grpc
from securetranscribe.v1 import workspace_settings_pb2 as pb

DEPLOYMENT = identity_pb2.WorkspaceSettings(
    processed_recording=times.duration(3600),
    unprocessed_recording=times.duration(7 * 86_400),
    trash=times.duration(7 * 86_400),
    voice_memory=True,
    stored_bytes=10_000,
    queued=times.duration(7200),
    queue_weight=1.0,
)


class FakeWorkspaceSettings(workspace_settings_pb2_grpc.WorkspaceSettingsServiceServicer):
    """Accepts everything but a week and a day in the trash."""

    def __init__(self) -> None:
        self.own: dict[str, identity_pb2.WorkspaceSettings] = {}

    async def ReadWorkspaceSettings(self, request: Any, _context: Any) -> Any:
        return pb.ReadWorkspaceSettingsResponse(settings=self._view(request.workspace_id))

    async def ChangeWorkspaceSettings(self, request: Any, _context: Any) -> Any:
        if times.seconds(request.settings.trash) > 7 * 86_400:
            raise ValidationError.of("settings.trash", "The time must be at most 168h.")
        own = self.own.setdefault(request.workspace_id, identity_pb2.WorkspaceSettings())
        kept = {field.name: value for field, value in own.ListFields()}
        new = {field.name: value for field, value in request.settings.ListFields()}
        for name in request.update_mask.paths:
            kept.pop(name, None)
            if name in new:
                kept[name] = new[name]
        self.own[request.workspace_id] = identity_pb2.WorkspaceSettings(**kept)
        return pb.ChangeWorkspaceSettingsResponse(settings=self._view(request.workspace_id))

    def _view(self, workspace_id: str) -> identity_pb2.WorkspaceSettingsView:
        own = self.own.get(workspace_id, identity_pb2.WorkspaceSettings())
        effective = identity_pb2.WorkspaceSettings()
        effective.CopyFrom(DEPLOYMENT)
        effective.MergeFrom(own)
        return identity_pb2.WorkspaceSettingsView(
            own=own,
            effective=effective,
            deployment=DEPLOYMENT,
            used=identity_pb2.WorkspaceUse(stored_bytes=512, queued=times.duration(90)),
            least_transcription=times.duration(7 * 86_400),
        )
