"""Exceptions raised by the clients."""

from collections.abc import Mapping
from typing import Any


class SecureTranscribeError(Exception):
    """Base of all exceptions of this package."""


class ApiError(SecureTranscribeError):
    """The API rejected a request. Each documented code has a class of its own.

    Attributes:
        status: HTTP status.
        code: Documented error code, or `HTTP_ERROR` for a response not from the API.
        message: Explanation for people.
        details: Machine-readable facts, such as the name of the invalid field.
        retry_after: Seconds until another attempt may succeed, if the server tells them.
        request_id: Id of the request in the logs of the server.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any],
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details)
        self.retry_after = retry_after
        self.request_id = request_id


class ValidationError(ApiError):
    """A parameter, a field or the body is missing or invalid."""


class FileUploadError(ApiError):
    """The file is empty, too large, not audio, or was sent too slowly."""


class AudioProcessingError(ApiError):
    """The file cannot be decoded."""


class SpeakerError(ApiError):
    """A speaker cannot be named or changed this way."""


class AuthenticationError(ApiError):
    """The token is invalid or has expired, or is missing where people sign in."""


class AuthorizationError(ApiError):
    """The caller may not do this."""


class NotFoundError(ApiError):
    """The resource does not exist or belongs to somebody else."""


class MethodNotAllowedError(ApiError):
    """The path does not support this method."""


class RangeNotSatisfiableError(ApiError):
    """The requested range begins after the end."""


class ConflictError(ApiError):
    """The current state of the resource does not allow the request."""


class LockedError(ApiError):
    """Another request appends to the same upload."""


class ChecksumMismatchError(ApiError):
    """Bytes were damaged on their way."""


class UnsupportedVersionError(ApiError):
    """The server has another version of the upload protocol."""


class UnsupportedMediaTypeError(ApiError):
    """The body has a type that the path does not accept."""


class PreconditionRequiredError(ApiError):
    """`If-Match` is missing."""


class RateLimitError(ApiError):
    """There were too many requests."""


class TranscriptionError(ApiError):
    """Recognition failed."""


class DiarizationError(ApiError):
    """Diarization failed."""


class ExportError(ApiError):
    """A document could not be made."""


class QueueError(ApiError):
    """The queue failed."""


class InternalError(ApiError):
    """The server failed. `request_id` finds the cause in its logs."""


class NotSupportedError(ApiError):
    """This deployment does not support the request (`NOT_IMPLEMENTED`)."""


class ResourceExhaustedError(ApiError):
    """The queue or a disk is full."""


class ServiceUnavailableError(ApiError):
    """A part of the server is unavailable for now."""


class DeadlineExceededError(ApiError):
    """A part of the server was too slow."""


class ConnectionFailedError(SecureTranscribeError):
    """The API is unreachable, or the connection broke before the response arrived."""


class WaitTimeoutError(SecureTranscribeError, TimeoutError):
    """A transcription or a capture is not done in time. It continues on the server."""


class JobCancelledError(SecureTranscribeError):
    """The job of a transcription was cancelled."""


#: Classes of the documented codes.
BY_CODE: Mapping[str, type[ApiError]] = {
    "VALIDATION_ERROR": ValidationError,
    "FILE_UPLOAD_ERROR": FileUploadError,
    "AUDIO_PROCESSING_ERROR": AudioProcessingError,
    "SPEAKER_ERROR": SpeakerError,
    "AUTHENTICATION_ERROR": AuthenticationError,
    "AUTHORIZATION_ERROR": AuthorizationError,
    "NOT_FOUND": NotFoundError,
    "METHOD_NOT_ALLOWED": MethodNotAllowedError,
    "RANGE_NOT_SATISFIABLE": RangeNotSatisfiableError,
    "CONFLICT": ConflictError,
    "LOCKED": LockedError,
    "CHECKSUM_MISMATCH": ChecksumMismatchError,
    "UNSUPPORTED_VERSION": UnsupportedVersionError,
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaTypeError,
    "PRECONDITION_REQUIRED": PreconditionRequiredError,
    "RATE_LIMIT_EXCEEDED": RateLimitError,
    "TRANSCRIPTION_ERROR": TranscriptionError,
    "DIARIZATION_ERROR": DiarizationError,
    "EXPORT_ERROR": ExportError,
    "QUEUE_ERROR": QueueError,
    "INTERNAL_ERROR": InternalError,
    "NOT_IMPLEMENTED": NotSupportedError,
    "RESOURCE_EXHAUSTED": ResourceExhaustedError,
    "SERVICE_UNAVAILABLE": ServiceUnavailableError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
}
