"""WebSocket endpoint: authentication and message loop."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from common import cancellation, logging
from common.errors import ApplicationError, AuthenticationError
from common.identity import Grant
from common.rights import Right
from gateway.backends import Backends
from gateway.live import messages
from gateway.live.handshake import Handshakes
from gateway.live.hub import Client, Hub
from gateway.live.send_queue import GOING_AWAY, SESSION_ENDED, TOO_SLOW, Closing
from gateway.live.shared import SharedWatches
from gateway.sessions.registry import SessionRegistry
from gateway.web.origins import Origins
from gateway.web.problems import problem
from securetranscribe.v1 import queue_pb2

_log = logging.get(__name__)
_SEND_SECONDS = 15.0
_CLOSE_SECONDS = 1.0


class LiveSocket:
    """ASGI application of the WebSocket. An open connection keeps its session alive."""

    def __init__(
        self,
        *,
        registry: SessionRegistry,
        backends: Backends,
        hub: Hub,
        shared: SharedWatches,
        origins: Origins,
        keep_alive_seconds: float,
    ) -> None:
        self._registry = registry
        self._backends = backends
        self._hub = hub
        self._shared = shared
        self._handshakes = Handshakes(registry, origins)
        self._keep_alive_seconds = keep_alive_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection from handshake to close."""
        websocket = WebSocket(scope, receive, send)
        try:
            session = await self._handshakes.admit(websocket, Right.READ, links=True)
            client = self._hub.attach(session)
        except ApplicationError as error:
            await websocket.send_denial_response(problem(error))
            return
        with structlog.contextvars.bound_contextvars(session_id=session.session_id):
            _log.info("websocket opened")
            try:
                await websocket.accept()
                closing = await self._serve(websocket, client)
            except WebSocketDisconnect:
                closing = None
            finally:
                self._hub.detach(client)
            _log.info("websocket closed", code=None if closing is None else closing.code)

    async def _serve(self, websocket: WebSocket, client: Client) -> Closing | None:
        """Serve until the client disconnects (None), or until the connection has to be closed."""
        closing = await _first(
            {
                "websocket sender": self._sending(websocket, client),
                "websocket reader": self._reading(websocket, client),
                "websocket keeper": self._keeping(client),
                "websocket greeter": self._greeting(client),
            }
        )
        if closing is not None:
            # The close frame cannot be sent to a client that has stopped reading.
            with contextlib.suppress(TimeoutError, RuntimeError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await websocket.close(closing.code, closing.reason)
        return closing

    async def _sending(self, websocket: WebSocket, client: Client) -> Closing:
        while True:
            message = await client.send_queue.next()
            if isinstance(message, Closing):
                return message
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    await websocket.send_text(message)
            except TimeoutError:
                client.send_queue.close(TOO_SLOW)
                return TOO_SLOW

    async def _reading(self, websocket: WebSocket, client: Client) -> None:
        """Read until the client disconnects, and answer `{"type": "ping"}`.

        `{"type": "watch", "transcription_id": 7}` asks for the events of a transcription of others.
        """
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            said = messages.parsed(message.get("text"))
            if said.get("type") == "ping":
                client.send_queue.put_reply(messages.pong())
            elif said.get("type") in ("watch", "unwatch"):
                await self._shared.request(client, said)

    async def _keeping(self, client: Client) -> Closing:
        """Keep the session alive. Return once it has ended or has other rights."""
        while True:
            await asyncio.sleep(self._keep_alive_seconds)
            try:
                session = await self._registry.get(client.session_id)
            except AuthenticationError:
                return SESSION_ENDED
            except ApplicationError as error:
                _log.warning("cannot keep a session alive", reason=error.message)
                continue
            # The event of another replica may have been missed.
            if Grant.copy(session) != client.grant:
                return GOING_AWAY

    async def _greeting(self, client: Client) -> Closing:
        """Send the initial queue state, then wait until cancelled."""
        try:
            await self._shared.begin(client)
            if client.grant.link_id:
                return await asyncio.Event().wait()  # type: ignore[return-value]
            answer = await self._backends.ask(
                self._backends.queue.GetQueueStatus,
                queue_pb2.GetQueueStatusRequest(),
                client.grant,
            )
            client.put_initial_queue_state(messages.queue_status(answer.status))
        except ApplicationError as error:
            _log.warning("cannot send the initial queue state", reason=error.message)
        return await asyncio.Event().wait()  # type: ignore[return-value]


async def _first(work: dict[str, Coroutine[Any, Any, Closing | None]]) -> Closing | None:
    """Run all coroutines until one finishes, and return or raise its outcome."""
    tasks = {asyncio.create_task(coroutine, name=name) for name, coroutine in work.items()}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        await cancellation.end(tasks)
