"""Bodies and response models of the settings of workspaces."""

from typing import Annotated

from pydantic import Field

from gateway.api.parameters import MAX_ID, JsonBody
from gateway.web.envelope import ApiModel

#: A hundred years, so that times fit into messages.
_MOST_DAYS = 36_525
_Days = Annotated[float, Field(ge=0, le=_MOST_DAYS, allow_inf_nan=False)]
_Hours = Annotated[float, Field(ge=0, le=24 * _MOST_DAYS, allow_inf_nan=False)]
_Minutes = Annotated[float, Field(ge=0, le=1440 * _MOST_DAYS, allow_inf_nan=False)]

_RECORDING = "How long a recording is kept after its transcript was completed."
_UNPROCESSED = "How long a recording without a transcript is kept after the last activity."
_TRANSCRIPTION = "How long a transcription is kept."
_TRASH = "How long a transcription stays in the trash."
_VOICES = "Whether voices are remembered when an upload does not say."
_STORED = "Maximum size of the stored recordings."
_QUEUED = "Maximum length of the recordings in the queue."
_WEIGHT = (
    "Share of the queue, 0.1 to 10. With 2, twice as many jobs as of others begin while all wait."
)


class WorkspaceSettingsBody(JsonBody):
    """Changes of settings. Absent fields stay unchanged, and null means the deployment's setting.

    Managers change times and the memory of voices, administrators of the deployment `stored_bytes`,
    `queued_minutes` and `queue_weight`.
    """

    recording_hours: _Hours | None = Field(None, description=_RECORDING)
    unprocessed_days: _Days | None = Field(None, description=_UNPROCESSED)
    transcription_days: _Days | None = Field(None, description=_TRANSCRIPTION)
    trash_days: _Days | None = Field(None, description=_TRASH)
    voice_memory: bool | None = Field(None, description=_VOICES)
    stored_bytes: Annotated[int, Field(ge=0, le=MAX_ID)] | None = Field(None, description=_STORED)
    queued_minutes: _Minutes | None = Field(None, description=_QUEUED)
    queue_weight: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description=_WEIGHT
    )


class WorkspaceSettingsFields(ApiModel):
    """Settings of a workspace."""

    recording_hours: float | None = Field(description=_RECORDING)
    unprocessed_days: float | None = Field(description=_UNPROCESSED)
    transcription_days: float | None = Field(description=_TRANSCRIPTION)
    trash_days: float | None = Field(description=_TRASH)
    voice_memory: bool | None = Field(description=_VOICES)
    stored_bytes: int | None = Field(description=_STORED)
    queued_minutes: float | None = Field(description=_QUEUED)
    queue_weight: float | None = Field(description=_WEIGHT)


class WorkspaceUseData(ApiModel):
    """Use of a workspace."""

    stored_bytes: int
    queued_minutes: float


class WorkspaceSettingsData(ApiModel):
    """Settings of a workspace, and everything that they are compared with."""

    workspace_id: str
    own: WorkspaceSettingsFields = Field(
        description="The workspace's own settings. null means the deployment's."
    )
    effective: WorkspaceSettingsFields = Field(
        description="The settings in force. `transcription_days` is null if transcriptions are "
        "kept until somebody deletes them."
    )
    deployment: WorkspaceSettingsFields = Field(
        description="The deployment's settings, which are the maxima. `transcription_days` is null "
        "without a maximum."
    )
    least_transcription_days: float = Field(
        description="Least time for which transcriptions can be kept. A warning comes before."
    )
    used: WorkspaceUseData
