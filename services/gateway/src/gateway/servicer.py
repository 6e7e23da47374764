"""SessionService: gRPC methods on top of the session registry."""

import datetime as dt
import ipaddress
from typing import Any
from urllib.parse import unquote

from common import identity, times
from common.auth import bearer
from gateway.backends import Backends
from gateway.sessions import conversion
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from gateway.web.addresses import TrustedProxies
from gateway.web.rate_limits import Group, RateLimits
from securetranscribe.v1 import session_pb2, session_pb2_grpc


class SessionServicer(session_pb2_grpc.SessionServiceServicer):
    """gRPC service for native clients and for the other services."""

    def __init__(
        self,
        *,
        registry: SessionRegistry,
        backends: Backends,
        limits: RateLimits,
        proxies: TrustedProxies,
    ) -> None:
        self._registry = registry
        self._backends = backends
        self._limits = limits
        self._proxies = proxies

    async def CreateSession(
        self, request: session_pb2.CreateSessionRequest, context: Any
    ) -> session_pb2.CreateSessionResponse:
        """Create a session. Rate-limited per client address."""
        address = self._address(context)
        await self._limits.enforce_address(Group.SESSION, address)
        session, token = await self._registry.create(
            user_identifier=request.user_identifier,
            user_agent=request.user_agent,
            ip_address=request.ip_address or address,
            request_id=request.request_id,
            peer=address,
        )
        return session_pb2.CreateSessionResponse(
            session=self._message(session), session_token=token
        )

    async def ResumeSession(
        self, _request: session_pb2.ResumeSessionRequest, context: Any
    ) -> session_pb2.ResumeSessionResponse:
        """Take up an ended session again. Rate-limited per client address."""
        address = self._address(context)
        await self._limits.enforce_address(Group.SESSION, address)
        metadata = dict(context.invocation_metadata() or ())
        token = bearer(str(metadata.get("authorization", "")))
        session, fresh = await self._registry.resume(token, ip_address=address)
        return session_pb2.ResumeSessionResponse(
            session=self._message(session), session_token=fresh
        )

    async def GetCurrentSession(
        self, _request: session_pb2.GetCurrentSessionRequest, _context: Any
    ) -> session_pb2.GetCurrentSessionResponse:
        """Return the caller's session with its job statistics."""
        session = await self._registry.get(identity.session_id())
        statistics = await self._backends.session_statistics(session)
        return session_pb2.GetCurrentSessionResponse(session=self._message(session, statistics))

    async def UpdateCurrentSession(
        self, request: session_pb2.UpdateCurrentSessionRequest, _context: Any
    ) -> session_pb2.UpdateCurrentSessionResponse:
        """Update the label, the preferences, or both."""
        session = await self._registry.update(
            identity.session_id(),
            user_identifier=(
                request.user_identifier if request.HasField("user_identifier") else None
            ),
            preferences=(
                conversion.preferences_of(request.preferences)
                if request.HasField("preferences")
                else None
            ),
        )
        return session_pb2.UpdateCurrentSessionResponse(session=self._message(session))

    async def ExtendCurrentSession(
        self, request: session_pb2.ExtendCurrentSessionRequest, _context: Any
    ) -> session_pb2.ExtendCurrentSessionResponse:
        """Extend the caller's session."""
        duration = dt.timedelta(seconds=times.seconds(request.duration))
        session = await self._registry.extend(identity.session_id(), duration)
        return session_pb2.ExtendCurrentSessionResponse(session=self._message(session))

    async def InvalidateCurrentSession(
        self, _request: session_pb2.InvalidateCurrentSessionRequest, _context: Any
    ) -> session_pb2.InvalidateCurrentSessionResponse:
        """End the caller's session."""
        await self._registry.invalidate(identity.session_id())
        return session_pb2.InvalidateCurrentSessionResponse()

    async def AuthenticateSession(
        self, request: session_pb2.AuthenticateSessionRequest, _context: Any
    ) -> session_pb2.AuthenticateSessionResponse:
        """Return the session a token belongs to."""
        session = await self._registry.authenticate(request.session_token)
        return session_pb2.AuthenticateSessionResponse(
            session_id=session.session_id,
            expire_time=times.timestamp(session.expires_at),
            authenticated=session.authenticated,
            preferences=conversion.preferences_message(session.preferences),
            workspace_id=session.workspace_id,
        )

    def _message(
        self, session: Session, statistics: session_pb2.SessionStatistics | None = None
    ) -> session_pb2.Session:
        return conversion.to_message(
            session,
            self._registry.now(),
            statistics,
            kept_until=self._registry.kept_until(session),
        )

    def _address(self, context: Any) -> str:
        """Return the client address, as forwarded by trusted proxies."""
        forwarded = ", ".join(
            value
            for key, value in context.invocation_metadata() or ()
            if key == "x-forwarded-for" and isinstance(value, str)
        )
        return self._proxies.client(peer_address(context.peer()), forwarded)


def peer_address(peer: str) -> str:
    """Return the address of a gRPC peer such as `ipv4:127.0.0.1:50100`, or "" if it has none."""
    kind, _, rest = unquote(peer).partition(":")
    if kind not in ("ipv4", "ipv6"):
        return ""
    host = rest.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return ""
