"""The table of profiles that people merged or deleted for good."""

from collections.abc import Sequence

from common.postgres import Connection, execute, fetch_all

_FORWARD = "UPDATE gone_profiles SET into_id = %(into)s WHERE into_id = %(source)s"
_ADD = "INSERT INTO gone_profiles (profile_id, into_id) VALUES (%(source)s, %(into)s)"
_FATES = "SELECT profile_id, into_id FROM gone_profiles WHERE profile_id = ANY(%s)"


class GoneProfiles:
    """What has become of profiles that are no more, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def merged(self, source: int, into: int) -> None:
        """Notes that a profile lives on in another; to be called before it is deleted."""
        parameters = {"source": source, "into": into}
        await execute(self._connection, _FORWARD, parameters)
        await execute(self._connection, _ADD, parameters)

    async def deleted(self, profile_id: int) -> None:
        """Notes that a person deleted a profile for good."""
        await execute(self._connection, _ADD, {"source": profile_id, "into": None})

    async def fates(self, profile_ids: Sequence[int]) -> dict[int, int | None]:
        """The profile that each lives on in, None for none; others than these are left out."""
        rows = await fetch_all(self._connection, _FATES, (list(profile_ids),))
        return {row["profile_id"]: row["into_id"] for row in rows}
