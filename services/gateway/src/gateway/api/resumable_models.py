"""Response models of uploads in pieces."""

from typing import Literal

from pydantic import Field

from gateway.web.envelope import ApiModel, Moment

UploadWord = Literal["receiving", "completed", "rejected"]


class UploadFailureData(ApiModel):
    """Reason why a file was refused."""

    code: str
    message: str


class ResumableData(ApiModel):
    """An upload in pieces."""

    upload_id: str
    filename: str
    size: int = Field(description="Bytes of the whole file.")
    offset: int = Field(description="Bytes stored so far.")
    state: UploadWord
    created_at: Moment
    expires_at: Moment = Field(description="When it is removed unless more bytes arrive.")
    transcription_id: int | None = Field(description="The transcription, once it is complete.")
    job_id: str | None = Field(description="Job ID, null if processing was not started.")
    error: UploadFailureData | None


class ResumableListData(ApiModel):
    """Uploads in pieces, latest first."""

    uploads: list[ResumableData]


class DuplicatesData(ApiModel):
    """Transcriptions whose recording had the same content, latest first."""

    sha256: str
    transcription_ids: list[int]
