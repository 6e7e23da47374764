"""A call whose requests are written one by one, and which the server may end before the last one.

When a server ends such a call, the request that is being sent fails; grpc reports that as an
internal error, which may come before the server's own status or take its place. Here the server's
word counts.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio

from common import status
from common.grpc_client import SENDING_FAILED, as_the_server_said

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class ClientStream(Generic[Request, Answer]):
    """One call. Wrap it as soon as it is made.

    Its channel must not be traced (`grpc_client.channel` says why).
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._note)

    async def write(self, request: Request) -> bool:
        """Sends a request; False when the server has answered already: see `answer`.

        Raises:
            ApplicationError: the server has refused the call.
        """
        try:
            await self._call.write(request)
        except asyncio.InvalidStateError:
            return False
        except grpc.aio.AioRpcError as error:
            verdict = await self._verdict(error)
            if verdict.code() is grpc.StatusCode.OK:
                return False
            raise status.from_rpc_error(verdict) from error
        return True

    async def answer(self) -> Answer:
        """Says that there is no further request and waits for the answer.

        Raises:
            ApplicationError: the server has refused the call.
        """
        # Fails when the call has ended already; how, its answer tells.
        with contextlib.suppress(grpc.aio.InternalError):
            await self._call.done_writing()
        try:
            answer: Answer = await self._call
        except grpc.aio.AioRpcError as error:
            raise status.from_rpc_error(await self._verdict(error)) from error
        return answer

    def cancel(self) -> None:
        """Gives the call up; nothing when it has ended."""
        self._call.cancel()

    def _note(self, call: Any) -> None:
        """Keeps the first status: one that comes later may only be that sending failed."""
        with contextlib.suppress(_NotReadyError):
            self._first = grpc.aio.AioRpcError(
                _now(call.code()),
                grpc.aio.Metadata(),
                _now(call.trailing_metadata()),
                _now(call.details()),
            )

    async def _verdict(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """What the server said, which grpc may learn only a moment after sending failed."""
        if self._first is not None and self._first.details() != SENDING_FAILED:
            return self._first
        return await as_the_server_said(self._call, error)


class _NotReadyError(Exception):
    """A value would have had to be waited for."""


def _now(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """The value of a coroutine that need not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: Answer = stop.value
        return value
    coroutine.close()
    raise _NotReadyError
