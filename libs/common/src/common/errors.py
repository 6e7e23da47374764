"""The one exception tree: a class says what happened; the edge says which status that is."""

from collections.abc import Mapping
from typing import ClassVar


class ApplicationError(Exception):
    """Something that a caller is told about.

    `message` is for people and never names internals; `details` are short strings that a program
    may read, for example `{"field": "language"}`.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})


class ValidationError(ApplicationError):
    """An argument is missing, of the wrong form, or out of range."""

    code = "VALIDATION_ERROR"

    @classmethod
    def of(cls, field: str, message: str) -> "ValidationError":
        """The usual case: one field is wrong."""
        return cls(message, {"field": field})


class AuthenticationError(ApplicationError):
    """The caller did not show who it is, or its session has ended."""

    code = "AUTHENTICATION_ERROR"


class AuthorizationError(ApplicationError):
    """The caller may know of the thing but not do this with it."""

    code = "AUTHORIZATION_ERROR"


class NotFoundError(ApplicationError):
    """The thing does not exist, or does not exist for this caller."""

    code = "NOT_FOUND"


class ConflictError(ApplicationError):
    """Something is there already that stands against it."""

    code = "CONFLICT"


class StateError(ConflictError):
    """The thing is not in a state in which this can be done."""


class FileUploadError(ApplicationError):
    """The uploaded file is refused for what it is."""

    code = "FILE_UPLOAD_ERROR"


class FileTooLargeError(FileUploadError):
    """The uploaded file is larger than the limit."""


class AudioProcessingError(ApplicationError):
    """The file looked like audio but cannot be worked on."""

    code = "AUDIO_PROCESSING_ERROR"


class TranscriptionError(ApplicationError):
    """Speech recognition failed."""

    code = "TRANSCRIPTION_ERROR"


class DiarizationError(ApplicationError):
    """Diarization failed."""

    code = "DIARIZATION_ERROR"


class SpeakerError(ApplicationError):
    """Something about speakers cannot be done as asked."""

    code = "SPEAKER_ERROR"


class ExportError(ApplicationError):
    """A document could not be made."""

    code = "EXPORT_ERROR"


class QueueError(ApplicationError):
    """The queue could not do what was asked."""

    code = "QUEUE_ERROR"


class ResourceExhaustedError(ApplicationError):
    """There is no room at the moment: a full queue, a full disk."""

    code = "RESOURCE_EXHAUSTED"


class UnavailableError(ApplicationError):
    """A service or server that is needed does not answer; trying again later may help."""

    code = "SERVICE_UNAVAILABLE"


class DiskFullError(ResourceExhaustedError, UnavailableError):
    """The disk of a server is full. Work that waits for servers waits for room as well."""

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
    """This service does not offer that."""

    code = "NOT_IMPLEMENTED"


def tree() -> list[type[ApplicationError]]:
    """Every class of the tree, parents before children."""
    found: list[type[ApplicationError]] = [ApplicationError]
    for cls in found:
        found.extend(one for one in cls.__subclasses__() if one not in found)
    return found
