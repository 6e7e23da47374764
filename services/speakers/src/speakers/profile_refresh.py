"""Refresh of the data that profiles derive from their ledgers."""

from collections.abc import Iterable

from common import logging
from common.postgres import Connection, Database
from speakers.domain.profile import Profile
from speakers.domain.prototype import summarize
from speakers.domain.voice_space import VoiceSpaces
from speakers.store import locks
from speakers.store.observations import Observations
from speakers.store.outbox import Outbox
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Prototype, Prototypes

_BATCH = 50
_log = logging.get(__name__)


class ProfileRefresher:
    """Recomputes prototypes and figures of profiles from their observations."""

    def __init__(self, spaces: VoiceSpaces) -> None:
        self._spaces = spaces

    async def refresh(
        self,
        connection: Connection,
        profile_ids: Iterable[int],
        *,
        kept: bool = False,
        announced: bool = True,
    ) -> dict[int, Profile]:
        """Recompute prototypes and figures from the current ledgers of these profiles.

        Call this in the transaction that changed the ledgers. With `kept`, mark the profiles as
        changed by a person. With `announced`, publish an event per profile. Ids without a profile
        are left out of the result.
        """
        outbox = Outbox(connection)
        known = await Profiles(connection).all_with(list(profile_ids))
        refreshed = {}
        for profile_id, profile in sorted(known.items()):
            refreshed[profile_id] = await self._refresh(connection, profile, kept=kept)
            if announced:
                await outbox.updated(refreshed[profile_id])
        return refreshed

    async def _refresh(self, connection: Connection, profile: Profile, *, kept: bool) -> Profile:
        observations = Observations(connection)
        prototypes: dict[int, Prototype] = {}
        confidence = 0.0
        for (model_id, model), samples in (await observations.samples(profile.profile_id)).items():
            space = self._spaces.of(model)
            data = summarize(samples, space)
            confidence = max(confidence, data.confidence)
            if data.place is not None and profile.active:
                prototypes[model_id] = Prototype(space=space.digest, place=data.place)
        await Prototypes(connection).replace(profile.profile_id, prototypes)
        count, seconds = await observations.totals(profile.profile_id)
        return await Profiles(connection).set_voice(
            profile.profile_id,
            sample_count=count,
            speech_seconds=seconds,
            confidence=confidence,
            kept=kept,
        )

    async def refresh_outdated(self, database: Database) -> int:
        """Refresh profiles with prototypes in outdated voice spaces. Return how many.

        Call this when the service starts, because an update may bring other voice spaces.
        """
        refreshed = 0
        while True:
            async with locks.ledger(database) as connection:
                stale = await self._stale(connection)
                if not stale:
                    return refreshed
                refreshed += len(await self.refresh(connection, stale, announced=False))
            _log.info("profiles moved to new voice spaces", profiles=refreshed)

    async def _stale(self, connection: Connection) -> list[int]:
        prototypes = Prototypes(connection)
        for model_id, name, version, space in await prototypes.spaces():
            if space != self._spaces.digest(name, version):
                return await prototypes.profiles_in(model_id, space, _BATCH)
        return []
