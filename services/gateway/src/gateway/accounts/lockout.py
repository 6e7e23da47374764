"""Failed attempts to sign in. They lock a name for some time."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.addresses import network_of
from common.background.times_ahead import TimeColumn
from common.errors import ResourceExhaustedError
from common.postgres import Database, execute, fetch_all
from gateway.accounts.user import name_key

#: From anywhere, a name may fail so many times as often as from one network. So a stranger cannot
#: easily keep somebody out, and many strangers cannot guess without end.
_EVERYWHERE = 10
_BEGIN = """
INSERT INTO sign_in_failures (key_sha256, failures, expires_at)
SELECT key, 0, %(until)s FROM unnest(%(keys)s::text[]) AS key ORDER BY key
ON CONFLICT (key_sha256) DO UPDATE SET
    failures = CASE WHEN sign_in_failures.expires_at > %(now)s
        THEN sign_in_failures.failures ELSE 0 END
RETURNING key_sha256, failures, expires_at
"""
_FAIL = """
UPDATE sign_in_failures SET failures = failures + 1, expires_at = %(until)s
WHERE key_sha256 = ANY(%(keys)s)
"""
_LOCK = """
SELECT key_sha256 FROM sign_in_failures
WHERE key_sha256 = ANY(%(keys)s) ORDER BY key_sha256 FOR UPDATE
"""
_FORGET = """
WITH forgotten AS (
    DELETE FROM sign_in_failures WHERE key_sha256 = %(here)s RETURNING failures
)
UPDATE sign_in_failures SET failures = greatest(sign_in_failures.failures - forgotten.failures, 0)
FROM forgotten WHERE key_sha256 = %(anywhere)s
"""
_SWEEP = "DELETE FROM sign_in_failures WHERE expires_at <= %(now)s"


@dataclass(frozen=True, kw_only=True)
class _Keys:
    here: str
    anywhere: str


class Lockout:
    """Counter of failures by name and network, and by name alone.

    Unknown names are counted too. Only keyed hashes are stored.
    """

    def __init__(
        self, database: Database, secret_key: str, *, attempts: int, lasts: dt.timedelta
    ) -> None:
        text = b"securetranscribe failed sign-ins\0" + secret_key.encode()
        self._key = hashlib.sha256(text).digest()
        self._database = database
        self._attempts = attempts
        self._lasts = lasts

    async def attempt(self, name: str, address: str, now: dt.datetime) -> None:
        """Count an attempt as a failure until it has `succeeded`. Refuse it after too many.

        Raises:
            ResourceExhaustedError: `retry_after_seconds` tells when it may be tried again.
        """
        keys = self._keys(name, address)
        parameters = {"keys": [keys.here, keys.anywhere], "now": now, "until": now + self._lasts}
        limits = {keys.here: self._attempts, keys.anywhere: self._attempts * _EVERYWHERE}
        async with self._database.transaction() as connection:
            # The rows are locked by now, so that attempts at the same time are counted in turn.
            known = await fetch_all(connection, _BEGIN, parameters)
            # Refused attempts are not counted. They neither prolong the lock nor lock the name for
            # other networks.
            _refuse([row for row in known if row["failures"] >= limits[row["key_sha256"]]], now)
            await execute(connection, _FAIL, parameters)

    async def succeeded(self, name: str, address: str) -> None:
        """Forget the failures from this network. Those of others still count."""
        keys = self._keys(name, address)
        async with self._database.transaction() as connection:
            # In the order of attempts, which would otherwise wait for this and this for them.
            await fetch_all(connection, _LOCK, {"keys": [keys.here, keys.anywhere]})
            await execute(connection, _FORGET, vars(keys))

    async def sweep(self, now: dt.datetime) -> int:
        """Delete failures no longer counted and return their number."""
        return await self._database.execute(_SWEEP, {"now": now})

    def time(self, clock: Callable[[], dt.datetime]) -> TimeColumn:
        """Return the time for which failures count, by the clock of this process."""
        return TimeColumn(
            table="sign_in_failures",
            column="expires_at",
            furthest=self._lasts.total_seconds(),
            clock=clock,
        )

    def _keys(self, name: str, address: str) -> _Keys:
        key = name_key(name)
        return _Keys(here=self._hash(key, network_of(address)), anywhere=self._hash(key, "*"))

    def _hash(self, *parts: str) -> str:
        return hmac.new(self._key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


def _refuse(locked: Sequence[DictRow], now: dt.datetime) -> None:
    if locked:
        until = max(row["expires_at"] for row in locked)
        seconds = max(1, round((until - now).total_seconds()))
        raise ResourceExhaustedError(
            "Too many attempts to sign in with this name have failed. Try again later.",
            {"retry_after_seconds": str(seconds)},
        )
