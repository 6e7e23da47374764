from typing import Any

import grpc
import grpc.aio
import pytest

from securetranscribe import errors
from tests.chaos.clients import (
    DeniedError,
    GoneError,
    LostError,
    RefusedError,
    grpc_errors,
    rest_errors,
)


def api_error(kind: type[errors.ApiError], status: int, **values: Any) -> errors.ApiError:
    return kind(status=status, code="CODE", message="No.", details={}, **values)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (api_error(errors.NotFoundError, 404), GoneError),
        (api_error(errors.AuthenticationError, 401), DeniedError),
        (api_error(errors.ValidationError, 400), RefusedError),
        (api_error(errors.RateLimitError, 429), RefusedError),
        (api_error(errors.ConflictError, 409), RefusedError),
        # The first attempt may still be carried out.
        (api_error(errors.ConflictError, 409, retry_after=1.0), LostError),
        (api_error(errors.InternalError, 500), LostError),
        (api_error(errors.ServiceUnavailableError, 503), LostError),
        (errors.ConnectionFailedError("reset"), LostError),
    ],
)
def test_errors_of_the_json_api(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as found, rest_errors():
        raise error
    assert type(found.value) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.NOT_FOUND, GoneError),
        (grpc.StatusCode.UNAUTHENTICATED, DeniedError),
        (grpc.StatusCode.FAILED_PRECONDITION, RefusedError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, RefusedError),
        # The call may have been carried out.
        (grpc.StatusCode.ABORTED, LostError),
        (grpc.StatusCode.CANCELLED, LostError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, LostError),
        (grpc.StatusCode.INTERNAL, LostError),
        (grpc.StatusCode.UNAVAILABLE, LostError),
        (grpc.StatusCode.UNKNOWN, LostError),
    ],
)
def test_statuses_of_grpc(code: grpc.StatusCode, expected: type[Exception]) -> None:
    metadata = grpc.aio.Metadata()
    with pytest.raises(expected, match=code.name) as found, grpc_errors():
        raise grpc.aio.AioRpcError(code, metadata, metadata, details="No.")
    assert type(found.value) is expected
