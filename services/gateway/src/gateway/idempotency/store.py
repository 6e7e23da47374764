"""Storage of idempotency keys with the answers to their requests, shared by all replicas."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from common.background.times_ahead import TimeColumn
from common.encryption.wrapping import WrongKeyError, unwrap, wrap
from common.postgres import Database
from gateway.idempotency.usage import Usages

#: How long a key belongs to its request, in seconds.
KEPT_SECONDS = 24 * 3600
#: A request whose gateway has died can be carried out again after this time, in seconds.
LEASE_SECONDS = 60.0
LEASES = TimeColumn(
    table="idempotent_requests",
    column="leased_until",
    furthest=LEASE_SECONDS,
    where="attempt IS NOT NULL",
)
_AT_A_TIME = 1000
# A key that has expired is that of a new request. One that nobody works on is taken up again.
_CLAIM = """
INSERT INTO idempotent_requests AS known (
    workspace_id, key_sha256, fingerprint, request_id, attempt, leased_until, expires_at)
SELECT %(workspace_id)s, %(key_sha256)s, %(fingerprint)s, %(request_id)s, %(attempt)s,
       now() + make_interval(secs => %(lease)s), now() + make_interval(secs => %(kept)s)
WHERE %(has_room)s
   OR EXISTS (SELECT FROM idempotent_requests
              WHERE workspace_id = %(workspace_id)s AND key_sha256 = %(key_sha256)s)
ON CONFLICT (workspace_id, key_sha256) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    request_id = CASE WHEN known.expires_at <= now() THEN excluded.request_id
                      ELSE known.request_id END,
    attempt = excluded.attempt, leased_until = excluded.leased_until, status = NULL,
    headers = '[]', body = NULL, sealed_body = NULL, content = '',
    expires_at = excluded.expires_at
WHERE known.expires_at <= now()
   OR (known.status IS NULL AND known.fingerprint = excluded.fingerprint
       AND (known.attempt IS NULL OR known.leased_until <= now()))
RETURNING request_id, xmax = 0 AS is_new
"""
_FIND = """
SELECT fingerprint, status, headers, body, sealed_body, content FROM idempotent_requests
WHERE workspace_id = %(workspace_id)s AND key_sha256 = %(key_sha256)s AND expires_at > now()
"""
_RENEW = """
UPDATE idempotent_requests SET leased_until = now() + make_interval(secs => %(lease)s)
WHERE workspace_id = %(workspace_id)s AND key_sha256 = %(key_sha256)s AND attempt = %(attempt)s
"""
_RELEASE = """
UPDATE idempotent_requests SET attempt = NULL
WHERE workspace_id = %(workspace_id)s AND key_sha256 = %(key_sha256)s AND attempt = %(attempt)s
"""
_FINISH = """
UPDATE idempotent_requests SET
    status = %(status)s, headers = %(headers)s, content = %(content)s, attempt = NULL,
    sealed_body = %(sealed_body)s::bytea
WHERE workspace_id = %(workspace_id)s AND key_sha256 = %(key_sha256)s AND attempt = %(attempt)s
"""
_SWEEP = """
DELETE FROM idempotent_requests WHERE (workspace_id, key_sha256) IN (
    SELECT workspace_id, key_sha256 FROM idempotent_requests
    WHERE expires_at <= now() LIMIT %(limit)s)
"""
_FORGET = "DELETE FROM idempotent_requests WHERE workspace_id = %(workspace_id)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer to a request. `body` is None if it is not kept.

    `content` identifies those parts of the request that its fingerprint leaves out.
    """

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = field(default=None, repr=False)
    content: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """The right to carry out the request of a key. `request_id` names it in calls of services.

    `seal` is the secret (32 bytes) that encrypts the answer to it.
    """

    workspace_id: str
    key_sha256: str
    fingerprint: str
    request_id: str
    attempt: UUID
    seal: bytes = field(repr=False)


class Refusal(enum.Enum):
    """Why a request is not carried out."""

    OTHER_REQUEST = enum.auto()
    IN_PROGRESS = enum.auto()
    TOO_MANY = enum.auto()


class IdempotentRequests:
    """The table of keys."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._usages = Usages(database)

    async def claim(
        self, workspace_id: str, key_sha256: str, fingerprint: str, *, seal: bytes
    ) -> Attempt | Answer | Refusal:
        """Begin the request of a key, or return the answer to it, or why it cannot begin."""
        attempt = Attempt(
            workspace_id=workspace_id,
            key_sha256=key_sha256,
            fingerprint=fingerprint,
            request_id=f"key-{uuid4().hex}",
            attempt=uuid4(),
            seal=seal,
        )
        usage = await self._usages.of(workspace_id)
        parameters = {
            **_named(attempt),
            "fingerprint": fingerprint,
            "request_id": attempt.request_id,
            "lease": LEASE_SECONDS,
            "kept": KEPT_SECONDS,
            "has_room": usage.has_room,
        }
        row = await self._database.fetch_one(_CLAIM, parameters)
        if row is not None:
            usage.keys += row["is_new"]
            return replace(attempt, request_id=row["request_id"])
        known = await self._database.fetch_one(_FIND, parameters)
        if known is None:
            return Refusal.TOO_MANY
        if known["fingerprint"] != fingerprint:
            return Refusal.OTHER_REQUEST
        if known["status"] is None:
            return Refusal.IN_PROGRESS
        return Answer(
            status=known["status"],
            headers=tuple((name, value) for name, value in known["headers"]),
            body=_opened(known, attempt),
            content=known["content"],
        )

    async def renew(self, attempt: Attempt) -> None:
        """Prolong the lease of an attempt."""
        await self._database.execute(_RENEW, {**_named(attempt), "lease": LEASE_SECONDS})

    async def release(self, attempt: Attempt) -> None:
        """End an attempt without an answer to keep. The same request can be sent again."""
        await self._database.execute(_RELEASE, _named(attempt))

    async def finish(self, attempt: Attempt, answer: Answer) -> None:
        """Store the answer to a request. Its body is left out if the workspace has too many."""
        size = len(answer.body or b"")
        usage = await self._usages.of(attempt.workspace_id, answer_bytes=size)
        is_kept = size == 0 or usage.keeps(size)
        usage.answer_bytes += size if is_kept else 0
        parameters = {
            **_named(attempt),
            "status": answer.status,
            "headers": Jsonb([list(pair) for pair in answer.headers]),
            "content": answer.content,
            "sealed_body": (
                None
                if answer.body is None or not is_kept
                else wrap(attempt.seal, answer.body, _context(attempt))
            ),
        }
        await self._database.execute(_FINISH, parameters)

    async def sweep(self) -> None:
        """Delete expired keys, some at a time."""
        await self._database.execute(_SWEEP, {"limit": _AT_A_TIME})

    async def forget(self, workspace_id: str, _reason: str = "") -> None:
        """Delete all keys of a workspace."""
        self._usages.forget(workspace_id)
        await self._database.execute(_FORGET, {"workspace_id": workspace_id})


def _opened(row: Mapping[str, Any], attempt: Attempt) -> bytes | None:
    """Return the body of an answer. Earlier releases stored it as it was."""
    if row["sealed_body"] is None:
        body: bytes | None = row["body"]
        return body
    try:
        return unwrap(attempt.seal, row["sealed_body"], _context(attempt))
    except WrongKeyError:
        return None


def _context(attempt: Attempt) -> str:
    return f"idempotent/{attempt.workspace_id}/{attempt.key_sha256}"


def _named(attempt: Attempt) -> dict[str, object]:
    return {
        "workspace_id": attempt.workspace_id,
        "key_sha256": attempt.key_sha256,
        "attempt": attempt.attempt,
    }
