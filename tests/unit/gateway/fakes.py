"""In-memory SessionStore and a manual clock."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.sessions.session import Preferences, Session
from gateway.sessions.store import NewSession, RequestClaim, Resumed

NOON = dt.datetime(2024, 1, 1, 12, 0, tzinfo=dt.UTC)


@dataclass
class FakeClock:
    """A clock that only moves when told to."""

    now: dt.datetime = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += dt.timedelta(**duration)


@dataclass
class FakeStore:
    """In-memory stand-in for `gateway.sessions.store.SessionStore`."""

    sessions: dict[str, Session] = field(default_factory=dict)
    claims: dict[str, tuple[str, RequestClaim]] = field(default_factory=dict)
    writes: int = 0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def insert(self, new: NewSession, now: dt.datetime) -> Session:
        session = Session(
            id=next(self._numbers),
            session_id=new.session_id,
            workspace_id=new.workspace_id,
            token_sha256=new.token_sha256,
            user_identifier=new.user_identifier,
            authenticated=False,
            preferences=Preferences(),
            created_at=now,
            last_accessed_at=now,
            expires_at=new.expires_at,
        )
        self.sessions[new.session_id] = session
        return session

    async def insert_once(
        self, new: NewSession, claim: RequestClaim, now: dt.datetime
    ) -> Session | None:
        known = self.claims.get(claim.key_sha256)
        if known is not None and known[1].expires_at > now:
            return None
        self.claims[claim.key_sha256] = (new.session_id, claim)
        return await self.insert(new, now)

    async def by_token(self, token_sha256: str, now: dt.datetime) -> Session | None:
        return next(
            (
                session
                for session in self.sessions.values()
                if session.token_sha256 == token_sha256 and session.active_at(now)
            ),
            None,
        )

    async def touch(
        self,
        session_id: str,
        now: dt.datetime,
        ttl: dt.timedelta,
        *,
        extension: dt.timedelta | None = None,
    ) -> Session | None:
        self.writes += 1
        return await self._use(session_id, now, now + (extension or ttl))

    async def update(
        self,
        session_id: str,
        now: dt.datetime,
        ttl: dt.timedelta,
        *,
        user_identifier: str | None,
        preferences: Preferences | None,
    ) -> Session | None:
        changes: dict[str, Any] = {}
        if user_identifier is not None:
            changes["user_identifier"] = user_identifier
        if preferences is not None:
            changes["preferences"] = preferences
        return await self._use(session_id, now, now + ttl, **changes)

    async def revoke(self, session_id: str, now: dt.datetime) -> Session | None:
        return await self._change(session_id, now, revoked_at=now)

    async def revoke_of(self, owner: str, now: dt.datetime) -> tuple[list[str], list[Session]]:
        workspaces = {
            session.workspace_id
            for session in self.sessions.values()
            if owner in {session.session_id, session.workspace_id}
        }
        own = [one for one in self.sessions.values() if one.workspace_id in workspaces]
        revoked = [await self.revoke(session.session_id, now) for session in own]
        return sorted(workspaces), [session for session in revoked if session is not None]

    async def resumable(self, token_sha256: str, since: dt.datetime | None) -> Session | None:
        return next(
            (
                session
                for session in self.sessions.values()
                if session.token_sha256 == token_sha256
                and session.revoked_at is None
                and (since is None or session.expires_at > since)
            ),
            None,
        )

    async def resume(
        self, token_sha256: str, since: dt.datetime | None, new: NewSession, now: dt.datetime
    ) -> Resumed | None:
        earlier = await self.resumable(token_sha256, since)
        if earlier is None or earlier.expires_at > now:
            return None
        session = replace(
            await self.insert(replace(new, workspace_id=earlier.workspace_id), now),
            user_identifier=earlier.user_identifier,
            preferences=earlier.preferences,
        )
        earlier = replace(earlier, revoked_at=now)
        self.sessions |= {session.session_id: session, earlier.session_id: earlier}
        return Resumed(session=session, earlier=earlier)

    async def resumed_again(
        self, new: NewSession, since: dt.datetime | None, now: dt.datetime
    ) -> Session | None:
        session = await self.resumable(new.token_sha256, since)
        if session is None or not session.unused_successor:
            return None
        until = session.expires_at if session.active_at(now) else new.expires_at
        self.sessions[session.session_id] = replace(session, expires_at=until)
        return self.sessions[session.session_id]

    async def prolong(
        self, session_ids: Sequence[str], now: dt.datetime, ttl: dt.timedelta
    ) -> None:
        for session_id in session_ids:
            session = self._find(session_id, now)
            if session is not None:
                until = max(session.expires_at, now + ttl)
                self.sessions[session_id] = replace(session, expires_at=until)

    async def ending(self, now: dt.datetime, before: dt.datetime, limit: int) -> list[Session]:
        found = [one for one in self.sessions.values() if now < one.expires_at <= before]
        return [one for one in found if one.revoked_at is None][:limit]

    def _find(self, session_id: str, now: dt.datetime) -> Session | None:
        session = self.sessions.get(session_id)
        return session if session is not None and session.active_at(now) else None

    async def _use(
        self, session_id: str, now: dt.datetime, expires_at: dt.datetime, **changes: Any
    ) -> Session | None:
        session = self._find(session_id, now)
        if session is None:
            return None
        used = max(now, session.created_at + dt.timedelta(microseconds=1))
        until = max(session.expires_at, expires_at)
        return await self._change(
            session_id, now, last_accessed_at=used, expires_at=until, **changes
        )

    async def _change(self, session_id: str, now: dt.datetime, **changes: Any) -> Session | None:
        session = self._find(session_id, now)
        if session is None:
            return None
        self.sessions[session_id] = replace(session, **changes)
        return self.sessions[session_id]
