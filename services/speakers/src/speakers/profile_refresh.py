"""Keeps what is known of voices in step with the ledger."""

from collections.abc import Iterable

from common import logging
from common.postgres import Connection, Database
from speakers.domain.profile import Profile
from speakers.domain.prototype import summarise
from speakers.domain.voice_space import VoiceSpaces
from speakers.store import locks
from speakers.store.observations import Observations
from speakers.store.outbox import Outbox
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Prototype, Prototypes

_BATCH = 50
_log = logging.get(__name__)


class Learning:
    """Derives prototypes and figures of profiles from their observations, and only from them."""

    def __init__(self, spaces: VoiceSpaces) -> None:
        self._spaces = spaces

    async def renew(
        self,
        connection: Connection,
        profile_ids: Iterable[int],
        *,
        kept: bool = False,
        announced: bool = True,
    ) -> dict[int, Profile]:
        """Computes what follows from the ledgers of these profiles, as they are now, anew.

        To be called in the transaction that changed them. `kept` says that a person touched the
        profiles themselves, `announced` whether the change is published. Ids without a profile
        are left out of the answer.
        """
        outbox = Outbox(connection)
        known = await Profiles(connection).all_with(list(profile_ids))
        renewed = {}
        for profile_id, profile in sorted(known.items()):
            renewed[profile_id] = await self._renew(connection, profile, kept=kept)
            if announced:
                await outbox.updated(renewed[profile_id])
        return renewed

    async def _renew(self, connection: Connection, profile: Profile, *, kept: bool) -> Profile:
        observations = Observations(connection)
        prototypes: dict[int, Prototype] = {}
        confidence = 0.0
        for (model_id, model), samples in (await observations.samples(profile.profile_id)).items():
            space = self._spaces.of(model)
            data = summarise(samples, space)
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

    async def follow_spaces(self, database: Database) -> int:
        """Renews profiles whose prototypes lie in voice spaces of the past; returns how many.

        Meant for the start of the service, after an update that brought other voice spaces.
        """
        renewed = 0
        while True:
            async with locks.ledger(database) as connection:
                stale = await self._stale(connection)
                if not stale:
                    return renewed
                renewed += len(await self.renew(connection, stale, announced=False))
            _log.info("profiles moved to new voice spaces", profiles=renewed)

    async def _stale(self, connection: Connection) -> list[int]:
        prototypes = Prototypes(connection)
        for model_id, name, version, space in await prototypes.spaces():
            if space != self._spaces.digest(name, version):
                return await prototypes.profiles_in(model_id, space, _BATCH)
        return []
