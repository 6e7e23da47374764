"""Table of profiles merged or permanently deleted by people."""

from collections.abc import Sequence

from common.postgres import Connection, execute, fetch_all

_FORWARD = "UPDATE gone_profiles SET into_id = %(into)s WHERE into_id = %(source)s"
_ADD = "INSERT INTO gone_profiles (profile_id, into_id) VALUES (%(source)s, %(into)s)"
_REPLACEMENTS = "SELECT profile_id, into_id FROM gone_profiles WHERE profile_id = ANY(%s)"


class GoneProfiles:
    """Repository of merged and deleted profiles, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def merged(self, source: int, into: int) -> None:
        """Record the merge of `source` into `into`. Call this before deleting `source`."""
        parameters = {"source": source, "into": into}
        await execute(self._connection, _FORWARD, parameters)
        await execute(self._connection, _ADD, parameters)

    async def deleted(self, profile_id: int) -> None:
        """Record a person's permanent deletion of a profile."""
        await execute(self._connection, _ADD, {"source": profile_id, "into": None})

    async def replacements(self, profile_ids: Sequence[int]) -> dict[int, int | None]:
        """Return the replacement of each gone profile, None without one.

        Ids of other profiles are left out.
        """
        rows = await fetch_all(self._connection, _REPLACEMENTS, (list(profile_ids),))
        return {row["profile_id"]: row["into_id"] for row in rows}
