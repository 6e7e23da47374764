"""Exceptions of all services, by cause. `common.status` maps them to gRPC statuses."""

from collections.abc import Mapping
from typing import ClassVar


class ApplicationError(Exception):
    """Base of all errors reported to callers.

    `message` is for people and never names internals. `details` holds short strings for programs,
    for example `{"field": "language"}`.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})

    @property
    def retry_after_seconds(self) -> int | None:
        """Seconds until a repetition may succeed, if known."""
        told = self.details.get("retry_after_seconds", "")
        return int(told) if told.isdecimal() else None


class ValidationError(ApplicationError):
    """An argument is missing, of the wrong form, or out of range."""

    code = "VALIDATION_ERROR"

    @classmethod
    def of(cls, field: str, message: str) -> "ValidationError":
        """Return the error for one invalid field."""
        return cls(message, {"field": field})


class ChecksumError(ValidationError):
    """The received bytes do not have the announced checksum."""

    code = "CHECKSUM_MISMATCH"


class AuthenticationError(ApplicationError):
    """Credentials are missing or invalid, or the session has ended."""

    code = "AUTHENTICATION_ERROR"


class AuthorizationError(ApplicationError):
    """The caller may see the resource but not do this with it."""

    code = "AUTHORIZATION_ERROR"


class NotFoundError(ApplicationError):
    """The resource does not exist, or belongs to another session."""

    code = "NOT_FOUND"


class ConflictError(ApplicationError):
    """The request conflicts with something existing."""

    code = "CONFLICT"


class StateError(ConflictError):
    """The request conflicts with the resource's current state."""


class LockedError(ApplicationError):
    """Another request is changing the resource at this moment."""

    code = "LOCKED"


class FileUploadError(ApplicationError):
    """The uploaded file is not acceptable."""

    code = "FILE_UPLOAD_ERROR"


class FileTooLargeError(FileUploadError):
    """The uploaded file is larger than the limit."""


class AudioProcessingError(ApplicationError):
    """The file looked like audio but cannot be processed."""

    code = "AUDIO_PROCESSING_ERROR"


class TranscriptionError(ApplicationError):
    """Speech recognition failed."""

    code = "TRANSCRIPTION_ERROR"


class DiarizationError(ApplicationError):
    """Diarization failed."""

    code = "DIARIZATION_ERROR"


class SpeakerError(ApplicationError):
    """A request about speakers cannot be carried out."""

    code = "SPEAKER_ERROR"


class ExportError(ApplicationError):
    """A document could not be rendered."""

    code = "EXPORT_ERROR"


class QueueError(ApplicationError):
    """A request to the queue cannot be carried out."""

    code = "QUEUE_ERROR"


class ResourceExhaustedError(ApplicationError):
    """There is no room at the moment, for example in a queue or on a disk."""

    code = "RESOURCE_EXHAUSTED"


class UnavailableError(ApplicationError):
    """A required service or server does not answer. A later attempt may succeed."""

    code = "SERVICE_UNAVAILABLE"


class DiskFullError(ResourceExhaustedError, UnavailableError):
    """The disk of a server is full. Background work waits for room as it waits for servers."""

    def __init__(self, message: str = "", details: Mapping[str, str] | None = None) -> None:
        super().__init__(
            message
            or "The server's disk is full. Delete transcriptions that are no longer needed, "
            "or try again later.",
            details,
        )


class TimedOutError(ApplicationError):
    """The answer did not come in time."""

    code = "DEADLINE_EXCEEDED"


class UnimplementedError(ApplicationError):
    """The service does not offer this."""

    code = "NOT_IMPLEMENTED"


def tree() -> list[type[ApplicationError]]:
    """Return every class of the tree, parents before children."""
    found: list[type[ApplicationError]] = [ApplicationError]
    for cls in found:
        found.extend(one for one in cls.__subclasses__() if one not in found)
    return found
