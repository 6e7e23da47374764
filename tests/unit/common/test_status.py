import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError, Metadata

from common import errors, status

_OWN = [cls for cls in vars(errors).values() if isinstance(cls, type)]
# Only the process itself distinguishes a full disk. Callers see exhausted resources.
TREE = [
    cls
    for cls in _OWN
    if issubclass(cls, errors.ApplicationError) and cls is not errors.DiskFullError
]
DETAILS = "grpc-status-details-bin"


def over_the_wire(error: errors.ApplicationError) -> AioRpcError:
    sent = status.to_status(error)
    return AioRpcError(
        sent.code, Metadata(), Metadata(*sent.trailing_metadata), details=sent.details
    )


@pytest.mark.parametrize("cls", TREE, ids=lambda cls: cls.__name__)
def test_every_error_survives_the_wire(cls: type[errors.ApplicationError]) -> None:
    error = cls("Größe — ungültig.", {"field": "name", "empty": ""})

    received = status.from_rpc_error(over_the_wire(error))

    assert type(received) is cls
    assert received.message == error.message
    assert received.details == error.details
    assert received.code == error.code


def test_full_disk_becomes_exhausted_resources() -> None:
    error = errors.DiskFullError()

    received = status.from_rpc_error(over_the_wire(error))

    assert isinstance(error, errors.UnavailableError)
    assert type(received) is errors.ResourceExhaustedError
    assert "disk is full" in received.message
    assert received.code == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    ("cls", "code"),
    [
        (errors.ApplicationError, grpc.StatusCode.INTERNAL),
        (errors.ValidationError, grpc.StatusCode.INVALID_ARGUMENT),
        (errors.AuthenticationError, grpc.StatusCode.UNAUTHENTICATED),
        (errors.AuthorizationError, grpc.StatusCode.PERMISSION_DENIED),
        (errors.NotFoundError, grpc.StatusCode.NOT_FOUND),
        (errors.ConflictError, grpc.StatusCode.ALREADY_EXISTS),
        (errors.StateError, grpc.StatusCode.FAILED_PRECONDITION),
        (errors.FileTooLargeError, grpc.StatusCode.OUT_OF_RANGE),
        (errors.TranscriptionError, grpc.StatusCode.INTERNAL),
        (errors.ResourceExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (errors.UnavailableError, grpc.StatusCode.UNAVAILABLE),
        (errors.TimedOutError, grpc.StatusCode.DEADLINE_EXCEEDED),
        (errors.UnimplementedError, grpc.StatusCode.UNIMPLEMENTED),
    ],
)
def test_statuses(cls: type[errors.ApplicationError], code: grpc.StatusCode) -> None:
    assert status.code_of(cls("x")) is code


class PickyError(errors.AudioProcessingError):
    """Subclass with the same code and another constructor."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"Breaks off after {seconds} s.", {"seconds": str(seconds)})


def test_subclass_with_another_constructor_becomes_its_parent() -> None:
    received = status.from_rpc_error(over_the_wire(PickyError(seconds=1.5)))

    assert type(received) is errors.AudioProcessingError
    assert received.message == "Breaks off after 1.5 s."
    assert received.details == {"seconds": "1.5"}


@pytest.mark.parametrize(
    ("code", "cls"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.UnavailableError),
        (grpc.StatusCode.CANCELLED, errors.UnavailableError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.TimedOutError),
        (grpc.StatusCode.UNIMPLEMENTED, errors.UnimplementedError),
        (grpc.StatusCode.INTERNAL, errors.ApplicationError),
        (grpc.StatusCode.UNKNOWN, errors.ApplicationError),
    ],
)
def test_bare_status_hides_internals(
    code: grpc.StatusCode, cls: type[errors.ApplicationError]
) -> None:
    bare = AioRpcError(code, Metadata(), Metadata(), details="connect to 10.0.0.7:5432 failed")

    received = status.from_rpc_error(bare)

    assert type(received) is cls
    assert "10.0.0.7" not in received.message


def test_details_of_another_domain_are_ignored() -> None:
    info = error_details_pb2.ErrorInfo(reason="NOT_FOUND", domain="googleapis.com")
    packed = any_pb2.Any()
    packed.Pack(info)
    rich = status_pb2.Status(code=5, message="no", details=[packed]).SerializeToString()
    error = AioRpcError(
        grpc.StatusCode.NOT_FOUND, Metadata(), Metadata((DETAILS, rich)), details="no"
    )

    assert type(status.from_rpc_error(error)) is errors.ApplicationError


@pytest.mark.parametrize("value", [b"\xff\xff\xff", "text"])
def test_unreadable_details_are_ignored(value: str | bytes) -> None:
    error = AioRpcError(
        grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata((DETAILS, value)), details="no"
    )

    assert type(status.from_rpc_error(error)) is errors.UnavailableError


def test_reason_under_another_status_is_ignored() -> None:
    sent = status.to_status(errors.NotFoundError("Gone."))
    error = AioRpcError(
        grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(*sent.trailing_metadata), details="x"
    )

    assert type(status.from_rpc_error(error)) is errors.UnavailableError
