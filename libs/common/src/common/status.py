"""Conversion between exceptions and gRPC statuses. Nothing else maps errors for the wire."""

import contextlib

import grpc
import grpc.aio
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from common import errors

DOMAIN = "securetranscribe"

_STATUS: dict[type[errors.ApplicationError], grpc.StatusCode] = {
    errors.ApplicationError: grpc.StatusCode.INTERNAL,
    errors.ValidationError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.AuthenticationError: grpc.StatusCode.UNAUTHENTICATED,
    errors.AuthorizationError: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.ConflictError: grpc.StatusCode.ALREADY_EXISTS,
    errors.StateError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.LockedError: grpc.StatusCode.ABORTED,
    errors.FileUploadError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.FileTooLargeError: grpc.StatusCode.OUT_OF_RANGE,
    errors.AudioProcessingError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.SpeakerError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.ResourceExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.UnavailableError: grpc.StatusCode.UNAVAILABLE,
    errors.TimedOutError: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.UnimplementedError: grpc.StatusCode.UNIMPLEMENTED,
}


def code_of(error: errors.ApplicationError) -> grpc.StatusCode:
    """Return the gRPC status of an error, from its nearest class with a status."""
    return _status_of(type(error))


def to_status(error: errors.ApplicationError) -> grpc.Status:
    """Return the rich status of an error: message, ErrorInfo, and RetryInfo if it has a delay."""
    info = error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata=error.details)
    details = [_packed(info)]
    seconds = error.retry_after_seconds
    if seconds is not None:
        delay = duration_pb2.Duration(seconds=seconds)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    message = status_pb2.Status(
        code=code_of(error).value[0], message=error.message, details=details
    )
    status: grpc.Status = rpc_status.to_status(message)
    return status


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def from_rpc_error(error: grpc.aio.AioRpcError) -> errors.ApplicationError:
    """Rebuild the server's exception from its status."""
    code = error.code()
    message = error.details() or "The service gave no reason."
    info = _error_info(error)
    if info is not None:
        # Parents come first. Subclasses defined elsewhere share their parent's code and may have
        # another constructor.
        for cls in errors.tree():
            if cls.code == info.reason and _status_of(cls) == code:
                return cls(message, info.metadata)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return errors.UnavailableError("A required service does not answer. Try again soon.")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return errors.TimedOutError("The service did not answer in time. Try again soon.")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return errors.UnimplementedError("The service does not offer this.")
    return errors.ApplicationError("The service failed unexpectedly.")


def _status_of(kind: type[errors.ApplicationError]) -> grpc.StatusCode:
    return next(_STATUS[cls] for cls in kind.__mro__ if cls in _STATUS)


def _error_info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo | None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            with contextlib.suppress(DecodeError):
                for detail in status_pb2.Status.FromString(value).details:
                    info = error_details_pb2.ErrorInfo()
                    if detail.Unpack(info) and info.domain == DOMAIN:
                        return info
    return None
