"""Looking into the ledger of a profile, and putting it right by hand."""

import math
from collections.abc import Mapping, Sequence

from common.errors import NotFoundError, SpeakerError, ValidationError
from common.postgres import Database
from speakers.domain.names import clean_name
from speakers.domain.observation import Clip, Observation
from speakers.domain.profile import Description, Page, Profile
from speakers.domain.prototype import Sample, summarise
from speakers.domain.voice_space import VoiceSpaces, similarity
from speakers.domain.voiceprint import VoiceModel
from speakers.profile_refresh import Learning
from speakers.store import locks
from speakers.store.decisions import Decisions
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.observations import Observations
from speakers.store.outbox import Outbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions

_MOST_MOVED = 1_000


class Ledger:
    """The observations of profiles. What moves or goes takes with it what was learnt from it."""

    def __init__(
        self, database: Database, learning: Learning, spaces: VoiceSpaces, *, clips_shared: bool
    ) -> None:
        """Without `clips_shared`, clips of recordings are heard only in the session they are of."""
        self._database = database
        self._learning = learning
        self._spaces = spaces
        self._clips_shared = clips_shared

    async def page(self, profile_id: int, page: Page) -> tuple[list[Observation], int]:
        """One page, newest first, and how many rows there are in all. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            await Profiles(connection).get(profile_id)
            return await Observations(connection).ledger(profile_id, page)

    async def remove(self, profile_id: int, observation_id: int) -> Profile:
        """Removes one row and what was learnt from it.

        The name that a person gave in a recording stays: only the profile forgets the voice.

        Raises:
            NotFoundError: there is no such profile, or it has no such row.
        """
        async with locks.ledger(self._database) as connection:
            await Profiles(connection).get(profile_id)
            taught = await Observations(connection).remove(profile_id, observation_id)
            if not taught and not await Recognitions(connection).remove(profile_id, observation_id):
                raise NotFoundError("This speaker has no such observation.")
            return (await self._learning.renew(connection, [profile_id], kept=True))[profile_id]

    async def merge(self, profile_id: int, source_id: int) -> Profile:
        """Moves all that is known of one profile to another and deletes the emptied one.

        Raises:
            NotFoundError: one of them does not exist.
            SpeakerError: they are the same, or the one that stays is not active.
        """
        if profile_id == source_id:
            raise SpeakerError("A speaker cannot be merged with itself.")
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection)
            target, _ = await profiles.get(profile_id), await profiles.get(source_id)
            if not target.active:
                raise SpeakerError("The speaker that is to stay is deactivated; activate it first.")
            await Observations(connection).move_all(source_id, profile_id)
            await Decisions(connection).move(source_id, profile_id)
            await Recognitions(connection).move(source_id, profile_id)
            await GoneProfiles(connection).merged(source_id, profile_id)
            await profiles.delete(source_id)
            await Outbox(connection).deleted(source_id, merged_into=profile_id)
            return (await self._learning.renew(connection, [profile_id], kept=True))[profile_id]

    async def split(
        self, profile_id: int, observation_ids: Sequence[int], name: str
    ) -> tuple[Profile, Profile]:
        """Moves rows to the active profile of a name, which is made where there is none.

        The names that people gave in recordings stay; what was learnt from these voices moves.
        Returns the profile that gave and the one that received.

        Raises:
            NotFoundError: there is no such profile.
            SpeakerError: a row is not of this profile or teaches nothing, or both are the same.
        """
        wanted = sorted(set(observation_ids))
        if not 1 <= len(wanted) <= _MOST_MOVED:
            raise ValidationError.of("observation_ids", f"Name 1 to {_MOST_MOVED} observations.")
        described = Description(name=clean_name(name))
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection)
            await profiles.get(profile_id)
            target = await profiles.by_name(name) or await profiles.add(described, kept=True)
            if target.profile_id == profile_id:
                raise SpeakerError("Name another speaker than the one to be split.")
            moved = await Observations(connection).move(wanted, profile_id, target.profile_id)
            if moved < len(wanted):
                raise SpeakerError(
                    "Some of these observations are not of this speaker, or teach nothing.",
                    {"found": str(moved), "wanted": str(len(wanted))},
                )
            both = await self._learning.renew(
                connection, [profile_id, target.profile_id], kept=True
            )
            return both[profile_id], both[target.profile_id]

    async def clip(self, profile_id: int, session_id: str) -> Clip:
        """A short clip of a profile's voice: of the voice that is most typical of it.

        Raises:
            NotFoundError: there is no such profile, or it has no clip for this session.
        """
        async with self._database.transaction() as connection:
            await Profiles(connection).get(profile_id)
            observations = Observations(connection)
            clipped = await observations.clipped(
                profile_id, session_id=session_id, shared=self._clips_shared
            )
            best = self._most_typical(clipped, await observations.samples(profile_id))
            clip = None if best is None else await observations.clip(best)
        if clip is None:
            raise NotFoundError("There is no clip of this speaker.")
        return clip

    def _most_typical(
        self,
        clipped: Sequence[tuple[int, VoiceModel, Sample]],
        samples: Mapping[tuple[int, VoiceModel], Sequence[Sample]],
    ) -> int | None:
        """The one nearest to what the profile sounds like; so a mistake is not heard for it."""
        heard = {
            model: summarise(found, self._spaces.of(model)).place
            for (_, model), found in samples.items()
        }
        best, highest = None, -math.inf
        for observation_id, model, sample in clipped:
            place = heard.get(model)
            own = self._spaces.of(model).place(sample.vector)
            likeness = -1.0 if place is None else similarity(own, place)
            if likeness > highest:
                best, highest = observation_id, likeness
        return best
