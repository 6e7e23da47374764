"""Refresh of profile data derived from ledgers."""

from collections.abc import Iterable, Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.postgres import Connection, Database
from speakers.domain.profile import Profile
from speakers.domain.prototype import summarize
from speakers.domain.voice_space import VoiceSpaces
from speakers.store import locks
from speakers.store.observations import Observations
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.prototypes import Prototype, Prototypes

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

        Call this in the transaction changing the ledgers. With `kept`, mark the profiles as changed
        by a person. With `announced`, publish an event per profile. Ids without a profile are left
        out of the result.
        """
        outbox = ProfileOutbox(connection)
        known = await Profiles(connection, None).all_with(list(profile_ids))
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
        return await Profiles(connection, None).set_voice(
            profile.profile_id,
            sample_count=count,
            speech_seconds=seconds,
            confidence=confidence,
            kept=kept,
        )

    async def outdated(self, connection: Connection, limit: int) -> list[int]:
        """Return up to `limit` profiles with prototypes in outdated voice spaces."""
        prototypes = Prototypes(connection)
        found: list[int] = []
        for model_id, name, version, space in await prototypes.spaces():
            if space != self._spaces.digest(name, version):
                found += await prototypes.profiles_in(model_id, space, limit)
        return list(dict.fromkeys(found))[:limit]


class PrototypeStep(ItemStep[int]):
    """Moves profiles to new voice spaces, as an update may bring them."""

    name = "prototypes"
    items = "profiles whose prototypes lie in an outdated voice space"
    outcome = "The voice is not recognized until it is learned again."
    policy = Policy(timeout=120.0)

    def __init__(self, database: Database, refresher: ProfileRefresher) -> None:
        super().__init__(database)
        self._refresher = refresher

    async def finish(self) -> None:
        """Handle all due items, including those beyond the rounds of one `step`.

        Failing profiles, and those being moved by another replica, are left to later steps.
        """
        while await self._is_due():
            await self.step()

    async def _is_due(self) -> bool:
        async with self._database.transaction() as connection:
            return bool(await self.due(connection, 1))

    def key(self, item: int) -> str:
        """Return the profile's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return outdated profiles."""
        return await self._refresher.outdated(connection, limit)

    async def handle(self, item: int) -> None:
        """Refresh one profile."""
        async with locks.ledger(self._database) as connection:
            await self._refresher.refresh(connection, [item], announced=False)
        _log.info("profile moved to a new voice space", profile_id=item)
