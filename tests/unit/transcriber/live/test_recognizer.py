"""Streams of the recognition workers, with calls that fail."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
import pytest

from common.errors import ApplicationError, ResourceExhaustedError, UnavailableError
from common.grpc_client import SENDING_FAILED
from transcriber.live.recognizer import RecognizerStream

NOTHING = grpc.aio.Metadata()


class FailedCall:
    """A call that the worker has ended, with the first status and the one that is raised."""

    def __init__(
        self,
        first: tuple[grpc.StatusCode, str],
        last: tuple[grpc.StatusCode, str],
        results: Sequence[str] = (),
    ) -> None:
        self._first = first
        self._results = results
        self._error = grpc.aio.AioRpcError(last[0], NOTHING, NOTHING, last[1])

    def add_done_callback(self, note: Callable[[Any], None]) -> None:
        note(self)

    async def code(self) -> grpc.StatusCode:
        return self._first[0]

    async def details(self) -> str:
        return self._first[1]

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        return NOTHING

    async def __aiter__(self) -> AsyncIterator[str]:
        for result in self._results:
            yield result
        raise self._error

    async def write(self, _request: Any) -> None:
        raise self._error


SENDING = (grpc.StatusCode.INTERNAL, SENDING_FAILED)
FULL = (grpc.StatusCode.RESOURCE_EXHAUSTED, "")
DONE = (grpc.StatusCode.OK, "")
GONE = (grpc.StatusCode.UNAVAILABLE, "")
BUG = (grpc.StatusCode.INTERNAL, "a bug")


@pytest.mark.parametrize(
    ("first", "last", "kind"),
    [
        (GONE, GONE, UnavailableError),
        (FULL, FULL, ResourceExhaustedError),
        (BUG, BUG, ApplicationError),
        # grpc's own status of sending that failed hides the worker's.
        (FULL, SENDING, ResourceExhaustedError),
        (BUG, SENDING, ApplicationError),
        # It says nothing about the worker.
        (SENDING, SENDING, UnavailableError),
    ],
)
async def test_reasons_of_ended_streams(
    first: tuple[grpc.StatusCode, str],
    last: tuple[grpc.StatusCode, str],
    kind: type[ApplicationError],
) -> None:
    stream = RecognizerStream(FailedCall(first, last))
    with pytest.raises(ApplicationError) as reading:
        await anext(stream.responses())
    with pytest.raises(ApplicationError) as writing:
        await stream.write(b"1234", starts_stream=True)
    assert type(reading.value) is type(writing.value) is kind


async def test_results_before_a_failed_request_are_kept() -> None:
    stream = RecognizerStream(FailedCall(DONE, SENDING, ["first", "last"]))
    assert [one async for one in stream.responses()] == ["first", "last"]
    with pytest.raises(UnavailableError):
        await stream.write(b"1234", starts_stream=True)
