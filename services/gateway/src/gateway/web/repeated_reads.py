"""Statuses read again and again by the same caller, answered before all other layers."""

import contextlib
import time
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import logging
from common.addresses import use_address
from common.errors import ApplicationError
from common.rate_limits import Allowance, Group, RateLimits
from gateway.api.status_reads import Rendered, StatusReader, body_of
from gateway.sessions.keeper import SessionKeeper
from gateway.sessions.recent import RecentSessions
from gateway.sessions.session import Session
from gateway.web import credentials
from gateway.web.callers import client_address
from gateway.web.direct_reads import ROUTES, STATUS, TRANSCRIPT
from gateway.web.hosts import HostNames
from gateway.web.preconditions import matches_any
from gateway.web.problems import answer_to, unexpected
from gateway.web.raw_headers import first
from gateway.web.request_context import CLIENT_LEFT, HEADER, note, request_id_of
from gateway.web.security_headers import headers_of

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A read of a status already read within the last minute."""

    transcription_id: int
    transcript: bool
    session: Session
    rendered: Rendered


class RepeatedReads:
    """Outermost layer. It uses the objects of the layers below, and passes on what it cannot do.

    It handles a read if its session and its answer were read just now, by the same caller. The rate
    limits, the headers, the log and the metrics are the same as without it.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        recent: RecentSessions,
        keeper: SessionKeeper,
        limits: RateLimits,
        statuses: StatusReader,
        names: HostNames,
        https_only: bool,
        strict_transport: bool,
    ) -> None:
        """With `https_only`, plain HTTP is passed on. `strict_transport` adds the header."""
        self._app = app
        self._recent = recent
        self._keeper = keeper
        self._limits = limits
        self._statuses = statuses
        self._names = names
        self._https_only = https_only
        self._strict_transport = strict_transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        read = await self._read(scope) if scope["type"] == "http" else None
        if read is None:
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        allowance = await self._count(read.session, scope)
        if not allowance.allowed:
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        secure = self._strict_transport and scope["scheme"] == "https"
        headers = [
            *((name.encode(), value.encode()) for name, value in allowance.headers().items()),
            *headers_of(scope["path"], secure=secure),
            (HEADER, request_id.encode()),
        ]
        structlog.contextvars.bind_contextvars(
            request_id=request_id, session_id=read.session.session_id
        )
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        try:
            with self._keeper.using(read.session):
                await self._answer(read, scope, receive, sending)
        except Exception as error:
            _log.error("request failed unexpectedly", exc_info=error)
            if status:
                raise
            await unexpected()(scope, receive, sending)
        finally:
            note(scope, status or CLIENT_LEFT, time.perf_counter() - begun)

    async def _read(self, scope: Scope) -> _Read | None:
        """Return what is read, None for the ordinary way."""
        if scope["method"] != "GET" or (self._https_only and scope["scheme"] != "https"):
            return None
        transcript = TRANSCRIPT.get(scope["query_string"])
        asked = None if transcript is None else STATUS.fullmatch(scope["path"])
        # Other pages need the headers of CORS.
        if asked is None or first(scope, b"origin") or not self._names.allow(first(scope, b"host")):
            return None
        token = credentials.read(Headers(scope=scope)).token
        read = await self._repeated(token, int(asked["id"]), transcript=bool(transcript))
        if read is not None:
            scope["route"] = ROUTES[asked["versioned"]]
        return read

    async def _repeated(self, token: str, number: int, *, transcript: bool) -> _Read | None:
        """Return the read of a status already read with this token within a minute."""
        if not self._statuses.was_read(token, number, transcript=transcript):
            return None
        session = None
        with contextlib.suppress(ApplicationError):
            session = await self._recent.find(token)
        if session is None:
            return None
        rendered = self._statuses.repeated(number, session, transcript=transcript)
        if rendered is None:
            return None
        return _Read(
            transcription_id=number, transcript=transcript, session=session, rendered=rendered
        )

    async def _answer(self, read: _Read, scope: Scope, receive: Receive, send: Send) -> None:
        if_none_match = first(scope, b"if-none-match")
        try:
            if not await self._statuses.is_current(
                read.transcription_id, read.session, read.rendered
            ):
                answer = await self._statuses.read(
                    read.transcription_id,
                    read.session,
                    transcript=read.transcript,
                    if_none_match=if_none_match,
                )
                await answer(scope, receive, send)
                return
        except ApplicationError as error:
            await answer_to(error)(scope, receive, send)
            return
        tag = (b"etag", read.rendered.tag.encode())
        if matches_any(if_none_match, read.rendered.tag):
            await send({"type": "http.response.start", "status": 304, "headers": [tag]})
            await send({"type": "http.response.body", "body": b""})
            return
        body = body_of(read.rendered)
        length = (b"content-length", str(len(body)).encode())
        kind = (b"content-type", b"application/json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind, length, tag]})
        await send({"type": "http.response.body", "body": body})

    async def _count(self, session: Session, scope: Scope) -> Allowance:
        """Count a request as `Callers` does, refusing excess ones."""
        address = client_address(scope)
        use_address(address)
        allowance = await self._limits.hit_address(Group.STATUS, address)
        if allowance.allowed:
            allowance = await self._limits.hit(Group.STATUS, session.session_id)
        return allowance
