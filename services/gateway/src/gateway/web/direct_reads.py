"""Reads repeated by clients all the time, answered without the framework's routing."""

import re
from collections.abc import Awaitable
from typing import Protocol

from opentelemetry import trace
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from common.errors import ApplicationError
from gateway.sessions.session import Session
from gateway.web.problems import answer_to
from gateway.web.raw_headers import first

STATUS_PATH = "/transcription/status/{transcription_id}"
# The framework answers all other requests, with an explanation of invalid ones.
STATUS = re.compile(r"/api(?P<versioned>/v1)?/transcription/status/(?P<id>[1-9][0-9]{0,17})")
#: Whether the transcript is asked for, by query string.
TRANSCRIPT = {b"": True, b"transcript=true": True, b"transcript=false": False}
_METHODS = frozenset({"GET", "HEAD"})


class ReadStatus(Protocol):
    """Reader of statuses."""

    def __call__(
        self, transcription_id: int, caller: Session, *, transcript: bool, if_none_match: str
    ) -> Awaitable[Response]:
        """Return the response with a status. Raise ApplicationError if it cannot be read."""
        ...


class _Named(BaseRoute):
    """Route for metrics and the log, to name its path."""

    def __init__(self, path: str) -> None:
        self.path = path


#: Routes by prefix of the version.
ROUTES = {versioned: _Named(f"/api{versioned or ''}{STATUS_PATH}") for versioned in (None, "/v1")}


class DirectReads:
    """Innermost middleware. Traced requests take the ordinary way, with all spans."""

    def __init__(self, app: ASGIApp, *, read_status: ReadStatus) -> None:
        self._app = app
        self._read_status = read_status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        transcript = None
        if scope["type"] == "http" and scope["method"] in _METHODS:
            transcript = TRANSCRIPT.get(scope["query_string"])
        asked = None if transcript is None else STATUS.fullmatch(scope["path"])
        session = scope.get("state", {}).get("session")
        if asked is None or session is None or trace.get_current_span().is_recording():
            await self._app(scope, receive, send)
            return
        scope["route"] = ROUTES[asked["versioned"]]
        try:
            answer = await self._read_status(
                int(asked["id"]),
                session,
                transcript=bool(transcript),
                if_none_match=first(scope, b"if-none-match"),
            )
        except ApplicationError as error:
            answer = answer_to(error)
        await answer(scope, receive, send)
