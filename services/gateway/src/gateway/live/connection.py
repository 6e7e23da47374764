"""WebSocket connections of live sessions: handshake, life and end, whatever they relay."""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from common import cancellation, logging, status
from common.addresses import current_address, use_address
from common.client_stream import Verdict
from common.errors import (
    ApplicationError,
    AuthenticationError,
    LockedError,
    ResourceExhaustedError,
    UnavailableError,
)
from common.grpc_client import SENDING_FAILED
from common.identity import Grant
from common.rate_limits import Group, RateLimits
from common.rights import Right
from gateway.backends import Backends
from gateway.live import messages
from gateway.live import recognition_messages as recognition
from gateway.live.handshake import Handshakes
from gateway.live.hub import Client, Hub
from gateway.live.send_queue import GOING_AWAY, SESSION_ENDED, TOO_SLOW, Closing
from gateway.live.workspaces import OtherWorkspaces
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from gateway.web.callers import client_address
from gateway.web.problems import problem

_log = logging.get(__name__)
_SEND_SECONDS = 15.0
_CLOSE_SECONDS = 1.0
FINISHED = Closing(code=1000, reason="The stream has ended.")
REFUSED = Closing(code=1008, reason="The last message has the reason.")
TAKEN_OVER = Closing(code=4409, reason="Another connection serves this session.")
BUSY = Closing(code=1013, reason="The last message has the reason. Try again later.")


@dataclass(frozen=True, kw_only=True)
class LiveDependencies:
    """Objects behind the sockets of live sessions."""

    registry: SessionRegistry
    backends: Backends
    hub: Hub
    handshakes: Handshakes
    limits: RateLimits
    workspaces: OtherWorkspaces
    keep_alive_seconds: float


class LiveConnections(abc.ABC):
    """ASGI application of a WebSocket of live sessions. Connections keep their session alive."""

    #: The right that callers need, and whether opened links need none.
    right: Right
    links = False
    #: The limit that connections count for.
    group: Group

    def __init__(self, dependencies: LiveDependencies) -> None:
        self.backends = dependencies.backends
        self.limits = dependencies.limits
        self.workspaces = dependencies.workspaces
        self._registry = dependencies.registry
        self._hub = dependencies.hub
        self._handshakes = dependencies.handshakes
        self.keep_alive_seconds = dependencies.keep_alive_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection from handshake to close."""
        websocket = WebSocket(scope, receive, send)
        use_address(client_address(scope))
        try:
            session = await self._handshakes.admit(websocket, self.right, links=self.links)
            await self.count(self.group, session)
            client = self._hub.attach(session)
        except ApplicationError as error:
            await websocket.send_denial_response(problem(error))
            return
        with structlog.contextvars.bound_contextvars(session_id=session.session_id):
            _log.info("live connection opened")
            closing = None
            try:
                await websocket.accept()
                closing = await self._serve(websocket, client, session)
            except WebSocketDisconnect:
                pass
            finally:
                self._hub.detach(client)
            _log.info("live connection closed", code=None if closing is None else closing.code)

    @abc.abstractmethod
    async def relayed(self, stream: "LiveStream", session: Session) -> Closing | None:
        """Relay between the client and the service. Return None once the client has left.

        Raises:
            ApplicationError: the connection is refused or broken off.
            TimeoutError: the client does not read.
        """

    async def count(self, group: Group, session: Session) -> None:
        """Count a request. Raise RateLimitedError at the limit."""
        for allowance in (
            await self.limits.hit_address(group, current_address()),
            await self.limits.hit(group, session.session_id),
        ):
            if not allowance.allowed:
                raise allowance.refusal()

    async def _serve(
        self, websocket: WebSocket, client: Client, session: Session
    ) -> Closing | None:
        """Serve until the client disconnects (None), or until the connection has to be closed."""
        stream = LiveStream(websocket)
        try:
            closing = await race(
                self.relayed(stream, session), self._keeping(client), _closed(client)
            )
        except ApplicationError as error:
            closing = _closing_for(error)
            with contextlib.suppress(TimeoutError, RuntimeError):
                await stream.send(recognition.failure(error))
        except TimeoutError:
            closing = TOO_SLOW
        if closing is not None:
            with contextlib.suppress(TimeoutError, RuntimeError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await websocket.close(closing.code, closing.reason)
        return closing

    async def _keeping(self, client: Client) -> Closing:
        """Keep the session alive. Return once it has ended or has other rights."""
        while True:
            await asyncio.sleep(self.keep_alive_seconds)
            try:
                session = await self._registry.get(client.session_id)
            except AuthenticationError:
                return SESSION_ENDED
            except ApplicationError as error:
                _log.warning("cannot keep a session alive", reason=error.message)
                continue
            if Grant.copy(session) != client.grant:
                return GOING_AWAY


class LiveStream:
    """Both directions of a connection."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._sending = asyncio.Lock()

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address."""
        return dict(self._websocket.query_params)

    async def send(self, text: str) -> None:
        """Send a message. Raise TimeoutError if the client does not read."""
        async with self._sending, asyncio.timeout(_SEND_SECONDS):
            await self._websocket.send_text(text)

    async def received(self) -> AsyncIterator[dict[str, Any] | bytes]:
        """Yield messages until the client disconnects. Pings are answered.

        Raises:
            ValidationError: one is no JSON object.
        """
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                yield message["bytes"]
                continue
            parsed = recognition.parsed(message.get("text") or "")
            if parsed.get("type") == "ping":
                await self.send(messages.pong())
            else:
                yield parsed

    async def relay(self, call: "LiveCall") -> Closing:
        """Send the responses of a call until it ends, as `recognition_messages` writes them.

        Raises:
            ApplicationError: it was refused or broken off.
            TimeoutError: the client does not read.
        """
        while (response := await call.read()) is not None:
            await self.send(recognition.text_of(response))
        return FINISHED


class LiveCall:
    """One call of LiveService. Wrap it as soon as it is made."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._verdict = Verdict(call)
        # When sending has failed, `read` of a call drops the responses that were received before.
        self._responses = aiter(call)

    async def write(self, request: Any) -> bool:
        """Send a request. Return False when the service has ended the call: see `read`."""
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return False
        return True

    async def read(self) -> Any:
        """Return the next response, None at the end of the call.

        Raises:
            ApplicationError: it was refused or broken off.
        """
        try:
            return await anext(self._responses, None)
        except grpc.aio.AioRpcError as error:
            verdict = await self._verdict.of(error)
            if verdict.code() is grpc.StatusCode.OK:
                return None
            if verdict.details() == SENDING_FAILED:
                # The reason is lost. The client gets it when it resumes the session.
                raise UnavailableError("The service has ended the call. Connect again.") from error
            raise status.from_rpc_error(verdict) from error

    def cancel(self) -> None:
        """Cancel the call unless it has ended."""
        self._call.cancel()


async def _closed(client: Client) -> Closing:
    """Wait until the connection has to be closed. Events are not for it."""
    while True:
        message = await client.send_queue.next()
        if isinstance(message, Closing):
            return message


async def race(*work: Coroutine[Any, Any, Closing | None]) -> Closing | None:
    """Run coroutines until one finishes, and return or raise its outcome."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        await cancellation.end(tasks)


def _closing_for(error: ApplicationError) -> Closing:
    if isinstance(error, AuthenticationError):
        return SESSION_ENDED
    if isinstance(error, LockedError):
        return TAKEN_OVER
    if isinstance(error, UnavailableError):
        return GOING_AWAY
    if isinstance(error, ResourceExhaustedError):
        return BUSY
    return REFUSED
