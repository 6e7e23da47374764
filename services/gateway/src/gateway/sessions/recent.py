"""Sessions of the requests of the last second."""

import time
from collections import OrderedDict
from collections.abc import Callable

from common.identity import hash_token
from gateway.sessions.registry import SessionRegistry, valid
from gateway.sessions.session import Session

#: Time in which a revocation by another replica takes effect.
_SECONDS = 1.0
_MOST = 10_000


class RecentSessions:
    """Reads a session once for a burst of requests with its token.

    Changes that this process makes are seen at once, those of other replicas within a second.
    """

    def __init__(
        self, registry: SessionRegistry, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Session]] = OrderedDict()
        self._changes = 0
        registry.when_changed(self._forget)

    async def find(self, token: str) -> Session | None:
        """Return the session of a token, or None if the token is unknown, expired, or revoked.

        Counts as a use of the session.
        """
        key = hash_token(token)
        until, session = self._known.get(key, (0.0, None))
        if session is not None and self._clock() < until:
            if session.active_at(self._registry.now()):
                return session
            del self._known[key]
        changes = self._changes
        session = await self._registry.find(token)
        if session is not None and changes == self._changes:
            self._known[key] = (self._clock() + _SECONDS, session)
            self._known.move_to_end(key)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return session

    async def authenticate(self, token: str) -> Session:
        """Return the session of a token. Counts as a use of the session.

        Raises:
            AuthenticationError: the token is unknown, expired, or revoked.
        """
        return valid(await self.find(token))

    def _forget(self, session: Session) -> None:
        # A lookup in flight may return the session from before the change.
        self._changes += 1
        self._known.pop(session.token_sha256, None)
