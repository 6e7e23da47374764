"""Sessions kept alive by long requests and by jobs."""

import asyncio
import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from common import logging
from common.errors import ApplicationError
from gateway.sessions.registry import Clock
from gateway.sessions.session import Expiry, Session
from gateway.sessions.store import SessionStore

_MOST_ENDING = 2000
_AT_A_TIME = 8
_LONGEST_PAUSE = dt.timedelta(minutes=1)
_log = logging.get(__name__)

HasJobs = Callable[[Session], Awaitable[bool]]


class SessionKeeper:
    """Extends sessions with a request in this process, and expiring ones with jobs.

    A use counts when a request begins. Without this, an upload or a job longer than a session would
    end in a dead session.
    """

    def __init__(
        self, store: SessionStore, *, expiry: Expiry, clock: Clock, has_jobs: HasJobs
    ) -> None:
        """Initialize the keeper. `has_jobs` tells whether a session has waiting or running jobs."""
        self._store = store
        self._expiry = expiry
        self._clock = clock
        self._has_jobs = has_jobs
        self._in_use: Counter[str] = Counter()

    @property
    def every(self) -> float:
        """Seconds between two steps, a fraction of a session's lifetime."""
        return min(_LONGEST_PAUSE, self._expiry.ttl / 10).total_seconds()

    @contextlib.contextmanager
    def using(self, session: Session) -> Iterator[None]:
        """Keep a session alive while a request of its is served."""
        self._in_use[session.session_id] += 1
        try:
            yield
        finally:
            self._in_use[session.session_id] -= 1
            if not self._in_use[session.session_id]:
                del self._in_use[session.session_id]

    async def step(self) -> None:
        """Extend the sessions in use."""
        now = self._clock()
        kept = list(self._in_use)
        # Three rounds before its end, so that one or two may fail.
        before = now + dt.timedelta(seconds=3 * self.every)
        ending = [
            session
            for session in await self._store.ending(now, before, _MOST_ENDING)
            if session.session_id not in self._in_use
        ]
        for start in range(0, len(ending), _AT_A_TIME):
            batch = ending[start : start + _AT_A_TIME]
            working = await asyncio.gather(*map(self._working, batch))
            kept += [session.session_id for session, has in zip(batch, working, strict=True) if has]
        if kept:
            await self._store.prolong(kept, now, self._expiry.ttl)

    async def _working(self, session: Session) -> bool:
        try:
            return await self._has_jobs(session)
        except ApplicationError as error:
            _log.warning(
                "cannot ask for the jobs of a session that ends",
                session_id=session.session_id,
                reason=error.message,
            )
            return False
