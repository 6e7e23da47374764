"""Keys and answers of workspaces, counted now and then and estimated in between.

Counting takes a tenth of a second for a workspace with tens of thousands of keys, which is too long
for each of its writes.
"""

import time
from dataclasses import dataclass

from common.postgres import Database

#: Keys of a workspace, and bytes of the answers to them.
MOST_KEYS = 50_000
MOST_BYTES = 64 * 1024 * 1024
#: How long a count is used, in seconds. At the limit, it is used for a shorter time.
_COUNTED_SECONDS = 30.0
_FULL_SECONDS = 2.0
_MOST_WORKSPACES = 10_000
_COUNT = """
SELECT count(*) AS keys,
       coalesce(sum(octet_length(coalesce(sealed_body, body))), 0)::bigint AS answer_bytes
FROM idempotent_requests WHERE workspace_id = %(workspace_id)s
"""


@dataclass(kw_only=True, slots=True)
class Usage:
    """Estimate for a workspace, which its writes through this process are added to."""

    keys: int
    answer_bytes: int
    counted_at: float

    @property
    def has_room(self) -> bool:
        """Whether there is room for another key."""
        return self.keys < MOST_KEYS

    def keeps(self, answer_bytes: int) -> bool:
        """Return whether there is room for an answer."""
        return self.answer_bytes + answer_bytes <= MOST_BYTES

    def is_fresh(self, answer_bytes: int) -> bool:
        """Return whether the estimate decides on an answer, or on a key with 0 bytes."""
        room = self.keeps(answer_bytes) if answer_bytes else self.has_room
        lasting = _COUNTED_SECONDS if room else _FULL_SECONDS
        return time.monotonic() - self.counted_at < lasting


class Usages:
    """Estimates for workspaces. Other replicas may exceed a limit by some writes until a count."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Usage] = {}

    async def of(self, workspace_id: str, *, answer_bytes: int = 0) -> Usage:
        """Return the usage of a workspace, to decide on a key or an answer."""
        known = self._known.get(workspace_id)
        if known is not None and known.is_fresh(answer_bytes):
            return known
        row = await self._database.fetch_one(_COUNT, {"workspace_id": workspace_id})
        assert row is not None
        if len(self._known) >= _MOST_WORKSPACES:
            self._known.clear()
        found = Usage(
            keys=row["keys"], answer_bytes=row["answer_bytes"], counted_at=time.monotonic()
        )
        self._known[workspace_id] = found
        return found

    def forget(self, workspace_id: str) -> None:
        """Forget a workspace whose keys are gone."""
        self._known.pop(workspace_id, None)
