"""Streams of the recognition workers, with calls that fail."""

from typing import Any

import grpc
import grpc.aio
import pytest

from common.errors import ApplicationError, ResourceExhaustedError, UnavailableError
from common.grpc_client import SENDING_FAILED
from transcriber.live.recognizer import ReasonLostError, RecognizerStream


class FailedCall:
    """A call that the worker has ended."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        nothing = grpc.aio.Metadata()
        self._error = grpc.aio.AioRpcError(code, nothing, nothing, details)

    async def read(self) -> Any:
        raise self._error

    async def write(self, _request: Any) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        # The status that grpc makes when sending fails says nothing about the worker.
        (grpc.StatusCode.INTERNAL, SENDING_FAILED, ReasonLostError),
        (grpc.StatusCode.UNAVAILABLE, "", UnavailableError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", ResourceExhaustedError),
        (grpc.StatusCode.INTERNAL, "a bug", ApplicationError),
    ],
)
async def test_reasons_of_ended_streams(
    code: grpc.StatusCode, details: str, kind: type[ApplicationError]
) -> None:
    stream = RecognizerStream(FailedCall(code, details))
    with pytest.raises(ApplicationError) as reading:
        await anext(stream.responses())
    with pytest.raises(ApplicationError) as writing:
        await stream.write(b"1234", starts_stream=True)
    assert type(reading.value) is type(writing.value) is kind
