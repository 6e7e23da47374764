"""Endpoints of the settings of workspaces."""

from typing import Annotated

from fastapi import Path
from google.protobuf.duration_pb2 import Duration

from common import times
from common.errors import ValidationError
from common.identity import Grant
from gateway.accounts.composition import Accounts
from gateway.accounts.workspace_settings import WorkspaceSettings
from gateway.api.parameters import Caller
from gateway.api.workspace_settings_models import (
    WorkspaceSettingsBody,
    WorkspaceSettingsData,
    WorkspaceSettingsFields,
    WorkspaceUseData,
)
from gateway.web.endpoint import Endpoint
from gateway.web.envelope import Success
from securetranscribe.v1 import identity_pb2

_TAG = "Workspaces"
_WorkspaceId = Annotated[str, Path(max_length=64, description="Workspace ID.", pattern=r"^[!-~]+$")]
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
#: Fields of messages by those of the API, and the seconds of their unit, None for other values.
_FIELDS: dict[str, tuple[str, float | None]] = {
    "recording_hours": ("processed_recording", _HOUR),
    "unprocessed_days": ("unprocessed_recording", _DAY),
    "transcription_days": ("transcription", _DAY),
    "trash_days": ("trash", _DAY),
    "voice_memory": ("voice_memory", None),
    "stored_bytes": ("stored_bytes", None),
    "queued_minutes": ("queued", _MINUTE),
    "queue_weight": ("queue_weight", None),
}
_NAMES = {f"settings.{field}": name for name, (field, _) in _FIELDS.items()}


class WorkspaceSettingsApi:
    """Settings of workspaces."""

    def __init__(self, accounts: Accounts, settings: WorkspaceSettings) -> None:
        self._accounts = accounts
        self._settings = settings

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoint definitions."""
        return [
            Endpoint(
                method="GET",
                path="/workspaces/{workspace_id}/settings",
                handler=self.get_workspace_settings,
                summary="Read the settings of a workspace",
                tag=_TAG,
                errors=(404, 409),
            ),
            Endpoint(
                method="PUT",
                path="/workspaces/{workspace_id}/settings",
                handler=self.update_workspace_settings,
                summary="Change settings of a workspace",
                tag=_TAG,
                errors=(404, 409),
            ),
        ]

    async def get_workspace_settings(
        self, workspace_id: _WorkspaceId, caller: Caller
    ) -> Success[WorkspaceSettingsData]:
        """Return the settings of a workspace and what it uses.

        For its members, and for administrators of the deployment.
        """
        self._accounts.require()
        view = await self._settings.read(Grant.copy(caller), workspace_id)
        return Success[WorkspaceSettingsData].of(_data(workspace_id, view), "Settings retrieved")

    async def update_workspace_settings(
        self, workspace_id: _WorkspaceId, caller: Caller, body: WorkspaceSettingsBody
    ) -> Success[WorkspaceSettingsData]:
        """Change settings of a workspace, within those of the deployment.

        Shorter times hold for everything that is stored already.
        """
        self._accounts.require()
        named = [name for name in _FIELDS if name in body.model_fields_set]
        if not named:
            raise ValidationError.of("body", "Name at least one setting to change.")
        try:
            view = await self._settings.change(
                Grant.copy(caller),
                workspace_id,
                _message(body),
                [_FIELDS[name][0] for name in named],
            )
        except ValidationError as error:
            field = error.details.get("field", "")
            raise ValidationError.of(_NAMES.get(field, field), error.message) from error
        return Success[WorkspaceSettingsData].of(_data(workspace_id, view), "Settings saved")


def _message(body: WorkspaceSettingsBody) -> identity_pb2.WorkspaceSettings:
    values: dict[str, bool | float | Duration | None] = {}
    for name, (field, unit) in _FIELDS.items():
        value = getattr(body, name)
        values[field] = value if unit is None or value is None else times.duration(value * unit)
    return identity_pb2.WorkspaceSettings(**values)  # type: ignore[arg-type]


def _data(workspace_id: str, view: identity_pb2.WorkspaceSettingsView) -> WorkspaceSettingsData:
    return WorkspaceSettingsData(
        workspace_id=workspace_id,
        own=_fields(view.own),
        effective=_fields(view.effective),
        deployment=_fields(view.deployment),
        least_transcription_days=times.seconds(view.least_transcription) / _DAY,
        used=WorkspaceUseData(
            stored_bytes=view.used.stored_bytes,
            queued_minutes=times.seconds(view.used.queued) / _MINUTE,
        ),
    )


def _fields(message: identity_pb2.WorkspaceSettings) -> WorkspaceSettingsFields:
    present = {field.name: value for field, value in message.ListFields()}
    values: dict[str, bool | int | float | None] = {}
    for name, (field, unit) in _FIELDS.items():
        value = present.get(field)
        values[name] = value if unit is None or value is None else times.seconds(value) / unit
    return WorkspaceSettingsFields(**values)
