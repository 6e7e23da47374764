"""Calls that the server ends while requests are still being sent."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest

from common import status
from common.client_stream import ClientStream
from common.errors import FileTooLargeError, UnavailableError

REQUEST = bytes(256 * 1024)


class _Service(grpc.GenericRpcHandler):
    """Service that counts bytes and can refuse or answer after a number of requests."""

    def __init__(self, *, refuse_at: int = 0, answer_at: int = 0) -> None:
        self._refuse_at = refuse_at
        self._answer_at = answer_at

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return grpc.stream_unary_rpc_method_handler(self._count)

    async def _count(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        count = 0
        async for _ in requests:
            count += 1
            if count == self._refuse_at:
                error = FileTooLargeError("File too large", {"max_size": "5MB"})
                await context.abort_with_status(status.to_status(error))
            if count == self._answer_at:
                break
        return str(count).encode()


async def _call(service: _Service, writes: int) -> tuple[int, bytes]:
    """Return the number of requests written and the answer."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stream = ClientStream[bytes, bytes](channel.stream_unary("/test/Count")())
            written = 0
            while written < writes and await stream.write(REQUEST):
                written += 1
            return written, await stream.answer()
    finally:
        await server.stop(0)


async def test_all_requests_get_one_answer() -> None:
    assert await _call(_Service(), 5) == (5, b"5")


@pytest.mark.parametrize("attempt", range(15))
async def test_caller_receives_a_refusal_in_the_middle(attempt: int) -> None:
    with pytest.raises(FileTooLargeError) as caught:
        await _call(_Service(refuse_at=20), 10_000)
    assert caught.value.message == "File too large"
    assert caught.value.details == {"max_size": "5MB"}


@pytest.mark.parametrize("attempt", range(5))
async def test_early_answer_is_returned(attempt: int) -> None:
    written, answer = await _call(_Service(answer_at=20), 10_000)
    assert written < 10_000
    assert answer == b"20"


async def test_absent_server_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        stream = ClientStream[bytes, bytes](channel.stream_unary("/test/Count")())
        with pytest.raises(UnavailableError):
            await stream.answer()
