"""Settings of the api process."""

from pydantic import Field

from common.encryption.settings import EncryptionSettings
from common.rate_settings import RateSettings
from common.settings import (
    AdminSettings,
    Bytes,
    Length,
    ObjectSettings,
    PostgresSettings,
    Seconds,
    ServiceSettings,
    UploadSettings,
)
from transcriber.domain.retention import Retention


class ApiSettings(
    ServiceSettings,
    PostgresSettings,
    ObjectSettings,
    EncryptionSettings,
    AdminSettings,
    RateSettings,
    UploadSettings,
):
    """Settings of `python -m transcriber api`. Variables are named like the fields, in capitals.

    `cleanup_delay` is the number of seconds from completion to the deletion of the recording.
    Recordings without a transcript are deleted `unprocessed_retention` after the last activity.
    Transcriptions are deleted as a whole after `retention_days`, and `retention_warning` before
    that their owners are warned. Uploads in pieces are removed `upload_expiry` after their last
    bytes, and captures are finished `capture_idle` after their last chunk. Transcriptions in the
    trash are deleted after `trash_days`. Links have an end unless `links_may_last`, and a
    visitor can use one for `link_visit` at most. Without `voice_memory`, no voiceprint is kept, and
    without `playback_copy`, no copy of the sound. With `start_early`, idle workers begin with
    recordings before their uploads end.
    """

    speakers_grpc: str = "127.0.0.1:50053"
    embedder_grpc: str = "127.0.0.1:50056"
    speech_grpc: str = "127.0.0.1:50052"
    diarizer_grpc: str = "127.0.0.1:50055"

    max_duration: Length = 12 * 3600
    queue_size: int = Field(50, ge=1, le=100_000)
    queue_share: float = Field(0.5, gt=0, le=1)
    queue_share_per_address: float = Field(0.8, gt=0, le=1)
    max_stored_bytes: Bytes = 20 * 1024**3
    max_stored_bytes_per_address: Bytes = 400 * 1024**3
    max_queued_duration: Length = 72 * 3600
    max_queued_duration_per_address: Length = 400 * 3600
    processing_timeout: Seconds = 3600
    cleanup_delay: float = Field(3600, ge=0)
    unprocessed_retention: Length = 7 * 86_400
    retention_days: float = Field(0, ge=0, allow_inf_nan=False)
    retention_warning: Length = 7 * 86_400
    links_may_last: bool = False
    link_visit: Length = 12 * 3600
    trash_days: float = Field(7, ge=0, allow_inf_nan=False)
    voice_memory: bool = True
    upload_expiry: Length = 86_400
    capture_idle: Length = 1800
    playback_copy: bool = True
    start_early: bool = True
    semantic_search: bool = True

    s3_worker_endpoint: str = Field("", pattern="^(https?://[^/]+/?)?$")

    task_ack_wait_seconds: Seconds = 15
    task_max_deliver: int = Field(4, ge=1, le=20)

    probe_timeout_seconds: Seconds = 60

    @property
    def retention(self) -> Retention:
        """Return how long recordings and transcriptions are kept."""
        return Retention(
            processed=self.cleanup_delay,
            unprocessed=self.unprocessed_retention,
            transcripts=self.retention_days * 86_400 if self.retention_days else None,
            warning=self.retention_warning,
            trash=self.trash_days * 86_400,
        )


class MigrationSettings(PostgresSettings):
    """Settings of `python -m transcriber migrate`."""
