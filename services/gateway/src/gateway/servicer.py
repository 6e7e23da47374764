"""SessionService: gRPC methods on top of the session registry."""

from typing import Any

from common import addresses, identity, times
from common.audit import call as audited
from common.auth import bearer
from common.identity_messages import SCOPES, role_message
from common.rate_limits import Group, RateLimits
from gateway.accounts.teams import Teams
from gateway.backends import Backends
from gateway.sessions import conversion
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Session
from gateway.webhooks.service import WebhookService
from securetranscribe.v1 import session_pb2, session_pb2_grpc


class SessionServicer(session_pb2_grpc.SessionServiceServicer):
    """gRPC service for native clients and for the other services."""

    def __init__(
        self,
        *,
        registry: SessionRegistry,
        backends: Backends,
        limits: RateLimits,
        teams: Teams,
        webhooks: WebhookService,
    ) -> None:
        self._registry = registry
        self._backends = backends
        self._limits = limits
        self._teams = teams
        self._webhooks = webhooks

    async def CreateSession(
        self, request: session_pb2.CreateSessionRequest, _context: Any
    ) -> session_pb2.CreateSessionResponse:
        """Create a session. Rate-limited per client address.

        Where people sign in, it is a session of the caller's user.
        """
        address = addresses.current_address()
        await self._limits.enforce_address(Group.SESSION, address)
        caller = identity.current_or_none()
        parent = None
        if self._registry.accounts and caller is not None and caller.token:
            parent = await self._registry.authenticate(caller.token)
        session, token = await self._registry.create(
            parent=parent,
            user_identifier=request.user_identifier,
            user_agent=request.user_agent,
            ip_address=request.ip_address or address,
            request_id=request.request_id,
            peer=address,
        )
        audited.concerns(session.workspace_id)
        return session_pb2.CreateSessionResponse(
            session=self._message(session), session_token=token
        )

    async def ResumeSession(
        self, _request: session_pb2.ResumeSessionRequest, context: Any
    ) -> session_pb2.ResumeSessionResponse:
        """Take up an ended session again. Rate-limited per client address."""
        address = addresses.current_address()
        await self._limits.enforce_address(Group.SESSION, address)
        metadata = dict(context.invocation_metadata() or ())
        token = bearer(str(metadata.get("authorization", "")))
        session, fresh = await self._registry.resume(token, ip_address=address)
        audited.concerns(session.workspace_id)
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
        duration = times.timedelta(request.duration)
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
            user_id=session.user_id,
            role=role_message(session.role),
            scopes=sorted(SCOPES[scope] for scope in session.scopes or ()),
            link_id=session.link_id,
            administrator=session.administrator,
        )

    async def EndSessions(
        self, request: session_pb2.EndSessionsRequest, _context: Any
    ) -> session_pb2.EndSessionsResponse:
        """End all sessions of a workspace.

        Its content is about to be erased. A lasting workspace keeps its members and loses its
        webhooks.
        """
        workspaces = await self._registry.end_sessions_of(request.owner)
        lasting = await self._teams.lasting([request.owner, *workspaces])
        for workspace_id in lasting:
            await self._webhooks.erase(workspace_id)
        return session_pb2.EndSessionsResponse(
            workspace_ids=workspaces, lasting_workspace_ids=lasting
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
