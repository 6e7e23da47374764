"""WebSocket of live sessions: its messages are those of LiveService."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from common.addresses import current_address
from common.byte_rates import ByteRates
from common.errors import NotFoundError, TimedOutError, UnavailableError, ValidationError
from common.identity import Grant
from common.rate_limits import Group
from common.rights import Right
from gateway.live import recognition_messages as recognition
from gateway.live.connection import (
    LiveCall,
    LiveConnections,
    LiveDependencies,
    LiveStream,
    race,
)
from gateway.live.send_queue import GOING_AWAY, Closing
from gateway.sessions.session import Session

#: How long (seconds) a connection may be without its first message.
_FIRST_SECONDS = 30.0
#: Time (seconds) for the answer to it.
_ANSWER_SECONDS = 60.0


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
        call, elsewhere = await self._opened(stream, session, first)
        work: list[Coroutine[Any, Any, Closing | None]] = [
            stream.relay(call),
            self._reading(stream, call, session),
        ]
        if elsewhere is not None:
            work.append(self._membership(session, elsewhere))
        try:
            return await race(*work)
        finally:
            call.cancel()

    async def _opened(
        self, stream: LiveStream, session: Session, first: recognition.Request
    ) -> tuple[LiveCall, Grant | None]:
        """Send the first request, and the answer to the client. Return the call.

        A session that was begun before its user switched to another workspace goes on where it is.
        Then the rights there are returned as well.

        Raises:
            ApplicationError: the service refuses it.
        """
        call = LiveCall(self.backends.live(session))
        elsewhere = None
        try:
            try:
                answer = await _asked(call, first)
            except NotFoundError as error:
                elsewhere = await self._elsewhere(session, error)
                if elsewhere is None:
                    raise
                call = LiveCall(self.backends.live(elsewhere))
                answer = await _asked(call, first)
            if answer is not None:
                await stream.send(recognition.text_of(answer))
        except BaseException:
            call.cancel()
            raise
        return call, elsewhere

    async def _elsewhere(self, session: Session, error: NotFoundError) -> Grant | None:
        workspace_id = error.details.get("workspace_id")
        if not isinstance(workspace_id, str):
            return None
        return await self.workspaces.recorder(session, workspace_id)

    async def _membership(self, session: Session, grant: Grant) -> Closing:
        """Return once the user may record in another workspace no longer, or has another role."""
        while True:
            await asyncio.sleep(self.keep_alive_seconds)
            with contextlib.suppress(UnavailableError, TimedOutError):
                if await self.workspaces.recorder(session, grant.workspace_id) != grant:
                    return GOING_AWAY

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

    async def _reading(self, stream: LiveStream, call: LiveCall, session: Session) -> None:
        """Pass the client's messages on, behind the first one, until it disconnects."""
        meter = self._rates.meter(session.session_id, current_address())
        async for message in stream.received():
            if isinstance(message, bytes):
                request = recognition.binary(message)
            else:
                request = recognition.later(message)
            if request.HasField("chunk"):
                await meter.pay(len(request.chunk.data))
            if not await call.write(request):
                # The reason comes with the responses, which end the connection.
                await asyncio.Event().wait()


async def _asked(call: LiveCall, first: recognition.Request) -> Any:
    """Send the first request of a call. Return the first response, None if there is none.

    Raises:
        ApplicationError: it is refused, or not answered.
    """
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await call.write(first)
            return await call.read()
    except TimeoutError as error:
        raise UnavailableError("The service does not answer. Resume the session.") from error
