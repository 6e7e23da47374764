"""Admission of WebSocket connections."""

from starlette.websockets import WebSocket

from common import rights
from common.errors import AuthenticationError, AuthorizationError
from common.identity import Grant
from common.rights import Right
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from gateway.web import credentials
from gateway.web.credentials import Source
from gateway.web.origins import Origins


class Handshakes:
    """Finds the sessions of handshakes."""

    def __init__(self, registry: SessionRegistry, origins: Origins) -> None:
        self._registry = registry
        self._origins = origins

    async def admit(self, websocket: WebSocket, right: Right, *, links: bool = False) -> Session:
        """Return the session of a handshake. With `links`, those of opened links need no right.

        Raises:
            AuthenticationError: the token is missing or invalid.
            AuthorizationError: the page's origin is not allowed, or the session lacks the right.
        """
        if not self._origins.trusts(websocket.headers):
            raise AuthorizationError("Pages from other origins may not connect.")
        shown = credentials.read(websocket.headers, websocket.scope["state"].get("query_token"))
        if shown.source is Source.NONE:
            raise AuthenticationError("A session token is required to connect.")
        session = await self._registry.authenticate(shown.token)
        grant = Grant.copy(session)
        if not (links and grant.link_id):
            rights.require(grant, grant.own_role, right)
        return session
