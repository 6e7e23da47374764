"""Sessions of the requests of the last second."""

import time

from common.identity import hash_token
from common.recent_values import Clock, RecentValues
from gateway.sessions.registry import SessionRegistry, valid
from gateway.sessions.session import Session

#: Time in which a revocation by another replica takes effect.
_SECONDS = 1.0


class RecentSessions:
    """Reads a session once for a burst of requests with its token.

    Changes by this process are seen at once, those of other replicas within a second.
    """

    def __init__(self, registry: SessionRegistry, *, clock: Clock = time.monotonic) -> None:
        self._registry = registry
        self._recent = RecentValues[Session | None](_SECONDS, clock=clock)
        registry.when_changed(lambda session: self._recent.forget(session.token_sha256))

    async def find(self, token: str) -> Session | None:
        """Return the session of a token, or None if the token is unknown, expired, or revoked.

        Counts as a use of the session.
        """
        key = hash_token(token)
        known = self._recent.get(key)
        if known is not None and not known.active_at(self._registry.now()):
            self._recent.forget(key)
        return await self._recent.find(key, lambda: self._registry.find(token))

    async def authenticate(self, token: str) -> Session:
        """Return the session of a token. Counts as a use of the session.

        Raises:
            AuthenticationError: the token is unknown, expired, or revoked.
        """
        return valid(await self.find(token))
