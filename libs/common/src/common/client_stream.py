"""Streams whose requests are written one by one, until the server ends the call.

When a server ends such a call early, the request in flight fails. grpc reports that failure as an
internal error, before or instead of the server's own status. A `Verdict` finds the server's
status.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

import grpc
import grpc.aio

from common import status
from common.grpc_client import SENDING_FAILED, server_status

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Verdict:
    """The server's status of a call, to be made as soon as the call is."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._note)

    async def of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """Return the server's status, which may arrive before or after sending failed.

        If it does not arrive, return the error that sending failed.
        """
        if self._first is not None and self._first.details() != SENDING_FAILED:
            return self._first
        return await server_status(self._call, error)

    def _note(self, call: Any) -> None:
        """Keep the first status. A later one may only report that sending failed."""
        with contextlib.suppress(_NotReadyError):
            self._first = grpc.aio.AioRpcError(
                _now(call.code()),
                grpc.aio.Metadata(),
                _now(call.trailing_metadata()),
                _now(call.details()),
            )


class ClientStream(Generic[Request, Answer]):
    """One client-streaming call. Wrap it as soon as it is made.

    Its channel must not be traced (see `grpc_client.channel`).
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self._verdict = Verdict(call)

    async def write(self, request: Request) -> bool:
        """Send a request. Return False when the server has already answered: see `answer`.

        Raises:
            ApplicationError: the server rejected the call.
        """
        try:
            await self._call.write(request)
        except asyncio.InvalidStateError:
            return False
        except grpc.aio.AioRpcError as error:
            verdict = await self._verdict.of(error)
            if verdict.code() is grpc.StatusCode.OK:
                return False
            raise status.from_rpc_error(verdict) from error
        return True

    async def answer(self) -> Answer:
        """Half-close the stream and wait for the answer.

        Raises:
            ApplicationError: the server rejected the call.
        """
        # This fails when the call has already ended. Its status is read below.
        with contextlib.suppress(grpc.aio.InternalError):
            await self._call.done_writing()
        try:
            answer: Answer = await self._call
        except grpc.aio.AioRpcError as error:
            raise status.from_rpc_error(await self._verdict.of(error)) from error
        return answer

    def cancel(self) -> None:
        """Cancel the call unless it has ended."""
        self._call.cancel()


class _NotReadyError(Exception):
    """A value is not available without waiting."""


def _now(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the value of a coroutine without waiting. Raise _NotReadyError if it waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: Answer = stop.value
        return value
    coroutine.close()
    raise _NotReadyError
