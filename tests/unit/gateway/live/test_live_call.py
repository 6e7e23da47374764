"""Calls of live sessions that the service ends while requests are still being sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from common import status
from common.errors import LockedError, UnavailableError
from gateway.live.connection import LiveCall

ANSWERED = 5


class _Service(grpc.GenericRpcHandler):
    """Service that answers some requests, and ends or refuses the call then."""

    def __init__(self, *, refuses: bool) -> None:
        self._refuses = refuses

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        return grpc.stream_stream_rpc_method_handler(self._answer)

    async def _answer(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        for number in range(ANSWERED):
            await anext(requests)
            yield b"%d" % number
        if self._refuses:
            error = LockedError("Another connection serves it.")
            await context.abort_with_status(status.to_status(error))


@asynccontextmanager
async def _calling(service: _Service) -> AsyncIterator[LiveCall]:
    """Make a call, and send sound without a pause."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = LiveCall(channel.stream_stream("/test/Live")())

        async def send() -> None:
            while await call.write(bytes(3200)):
                pass

        sending = asyncio.create_task(send())
        yield call
        async with asyncio.timeout(60):
            await sending
    await server.stop(0)


@pytest.mark.parametrize("attempt", range(20))
async def test_refusal_in_the_middle_has_its_reason(attempt: int) -> None:
    async with _calling(_Service(refuses=True)) as call:
        for number in range(ANSWERED):
            assert await call.read() == b"%d" % number
        with pytest.raises(LockedError, match="Another connection"):
            await call.read()


@pytest.mark.parametrize("attempt", range(20))
async def test_end_in_the_middle_is_no_failure(attempt: int) -> None:
    async with _calling(_Service(refuses=False)) as call:
        found = [await call.read() for _ in range(ANSWERED + 1)]
        assert found == [*(b"%d" % number for number in range(ANSWERED)), None]


async def test_absent_service_is_unavailable() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        call = LiveCall(channel.stream_stream("/test/Live")())
        assert not await call.write(b"x")
        with pytest.raises(UnavailableError):
            await call.read()
