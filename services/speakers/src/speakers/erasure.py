"""Erasure of voices: of persons, of workspaces, and of all when no voice may be remembered."""

import datetime as dt
from collections.abc import Sequence

from common import logging
from common.postgres import Connection, Database
from speakers.profile_refresh import ProfileRefresher
from speakers.store import locks
from speakers.store.erasure import Erasure
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.trash import Trash
from speakers.trash import remove_for_good

_log = logging.get(__name__)


class VoiceEraser:
    """Erases voices on behalf of other services and of the operator's settings."""

    def __init__(
        self, database: Database, refresher: ProfileRefresher, *, clips_shared: bool
    ) -> None:
        """With `clips_shared`, profiles keep the clips of erased workspaces."""
        self._database = database
        self._refresher = refresher
        self._clips_shared = clips_shared

    async def erase_voices(
        self, profile_ids: Sequence[int], *, created_before: dt.datetime | None = None
    ) -> int:
        """Erase profiles at once, those created before a time if one is given.

        They cannot be restored. Return how many. Unknown ones are passed over.
        """
        async with locks.ledger(self._database) as connection:
            found = await Erasure(connection).existing(profile_ids, created_before)
            await _erase(connection, found)
        for profile_id in found:
            _log.info("voice erased", profile_id=profile_id)
        return len(found)

    async def erase_workspace(self, workspace_id: str) -> int:
        """Erase what was kept for a workspace, and return the number of its voices.

        The profiles of its own pool are erased. Voiceprints of voices that a person named stay with
        profiles of the deployment, without any reference to the workspace. Profiles without a
        voiceprint and not changed by a person vanish with their last decision.
        """
        async with locks.ledger(self._database) as connection:
            erasure = Erasure(connection)
            own = await erasure.in_pool(workspace_id)
            await _erase(connection, own)
            voices = await erasure.recognitions(workspace_id)
            affected = await erasure.decisions(workspace_id)
            await erasure.detach_observations(workspace_id, clips=self._clips_shared)
            await erasure.detach_trash(workspace_id, clips=self._clips_shared)
            unused = await Profiles(connection, None).delete_unreferenced(sorted(affected))
            for profile_id, pool in unused.items():
                await ProfileOutbox(connection).deleted(profile_id, pool=pool)
            await self._refresher.refresh(connection, affected, announced=False)
        return voices + len(affected) + len(own)

    async def forget_all(self) -> None:
        """Erase all voiceprints and clips, because none may be kept. Profiles keep their names."""
        async with locks.ledger(self._database) as connection:
            erased = await Erasure(connection).all_voiceprints()
        if erased:
            _log.warning("all voiceprints erased, since VOICE_MEMORY is off", voiceprints=erased)


async def _erase(connection: Connection, profile_ids: Sequence[int]) -> None:
    """Erase profiles with everything that the trash has about them."""
    profiles = Profiles(connection, None)
    existing = await profiles.all_with(profile_ids)
    for entry in await Trash(connection).of_profiles(profile_ids):
        await remove_for_good(connection, entry)
    for profile_id, profile in existing.items():
        await GoneProfiles(connection).deleted(profile_id)
        await profiles.delete(profile_id)
        await ProfileOutbox(connection).deleted(profile_id, pool=profile.pool)
