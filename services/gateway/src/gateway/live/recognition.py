"""WebSocket of live sessions: its messages are those of LiveService."""

import asyncio
from typing import Any

import grpc.aio

from common.addresses import current_address
from common.byte_rates import ByteRates
from common.errors import TimedOutError, ValidationError
from common.rate_limits import Group
from common.rights import Right
from gateway.live import recognition_messages as recognition
from gateway.live.connection import LiveConnections, LiveDependencies, LiveStream, race
from gateway.live.send_queue import Closing
from gateway.sessions.session import Session

#: How long (seconds) a connection may be without its first message.
_FIRST_SECONDS = 30.0


class RecognitionSocket(LiveConnections):
    """ASGI application of the WebSocket of those who record."""

    right = Right.CREATE
    group = Group.PROCESSING

    def __init__(self, dependencies: LiveDependencies) -> None:
        super().__init__(dependencies)
        self._rates = ByteRates(self.limits)

    async def relayed(self, stream: LiveStream, session: Session) -> Closing | None:
        """Relay between the client and the service, from the first message on."""
        first = await self._first(stream, session)
        if first is None:
            return None
        call = self.backends.live(session)
        try:
            return await race(stream.relay(call), self._reading(stream, call, session, first))
        finally:
            call.cancel()

    async def _first(self, stream: LiveStream, session: Session) -> recognition.Request | None:
        """Return the first request, None if the client leaves.

        Raises:
            ApplicationError: it is refused, or does not come.
        """
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                async for message in stream.received():
                    if isinstance(message, bytes):
                        raise ValidationError.of(
                            "type", "The first message must be begin or resume."
                        )
                    request = recognition.first(message, session)
                    if request.HasField("begin"):
                        await self.count(Group.UPLOAD, session)
                    return request
        except TimeoutError as error:
            raise TimedOutError("Send begin or resume first.") from error
        return None

    async def _reading(
        self, stream: LiveStream, call: Any, session: Session, first: recognition.Request
    ) -> None:
        """Pass the client's messages on, behind the first one, until it disconnects."""
        meter = self._rates.meter(session.session_id, current_address())
        await _write(call, first)
        async for message in stream.received():
            if isinstance(message, bytes):
                request = recognition.binary(message)
            else:
                request = recognition.later(message)
            if request.HasField("chunk"):
                await meter.pay(len(request.chunk.data))
            await _write(call, request)


async def _write(call: Any, request: recognition.Request) -> None:
    try:
        await call.write(request)
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        # The reason comes with the responses, which end the connection.
        await asyncio.Event().wait()
