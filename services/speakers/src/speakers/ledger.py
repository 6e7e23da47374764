"""Inspection and correction of a profile's ledger."""

import math
from collections.abc import Mapping, Sequence

from common.errors import NotFoundError, SpeakerError, ValidationError
from common.identity import Identity
from common.postgres import Database
from speakers.domain.names import clean_name
from speakers.domain.observation import Clip, Observation
from speakers.domain.profile import Description, Page, Profile
from speakers.domain.prototype import Sample, summarize
from speakers.domain.voice_space import VoiceSpaces, similarity
from speakers.domain.voiceprint import VoiceModel
from speakers.profile_refresh import ProfileRefresher
from speakers.protection import ProfileGuard
from speakers.store import locks
from speakers.store.decisions import Decisions
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.observations import Observations
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions
from speakers.store.trash import Trash

_MOST_MOVED = 1_000


class Ledger:
    """Observations of profiles.

    Prototypes follow every move and removal in the same transaction.
    """

    def __init__(
        self,
        database: Database,
        refresher: ProfileRefresher,
        spaces: VoiceSpaces,
        guard: ProfileGuard,
        *,
        clips_shared: bool,
    ) -> None:
        """Without `clips_shared`, only the workspace of a recording may play its clips."""
        self._database = database
        self._refresher = refresher
        self._spaces = spaces
        self._guard = guard
        self._clips_shared = clips_shared

    async def page(
        self, profile_id: int, page: Page, *, pool: str
    ) -> tuple[list[Observation], int]:
        """Return one page of the ledger, newest first, and the total count.

        Raises:
            NotFoundError: The profile does not exist.
        """
        async with self._database.transaction() as connection:
            await Profiles(connection, pool).get(profile_id)
            return await Observations(connection).ledger(profile_id, page)

    async def remove(self, profile_id: int, observation_id: int, *, pool: str) -> Profile:
        """Remove one entry from the ledger and refresh the profile.

        The decision about the recording stays, so the name in its transcript does not change.

        Raises:
            NotFoundError: The profile does not exist, or it has no such entry.
        """
        async with locks.ledger(self._database) as connection:
            await Profiles(connection, pool).get(profile_id)
            removed = await Observations(connection).remove(profile_id, observation_id)
            if not removed:
                removed = await Recognitions(connection).remove(profile_id, observation_id)
            if not removed:
                raise NotFoundError("Observation not found for this speaker.")
            return (await self._refresher.refresh(connection, [profile_id], kept=True))[profile_id]

    async def merge(
        self, profile_id: int, source_id: int, caller: Identity, *, pool: str
    ) -> Profile:
        """Move the whole ledger of `source_id` to `profile_id`, and the source to the trash.

        Raises:
            AuthorizationError: Others taught one of them, and profiles are protected.
            NotFoundError: One of the profiles does not exist.
            SpeakerError: Both are the same, or the target is inactive.
        """
        if profile_id == source_id:
            raise SpeakerError("A speaker cannot be merged with itself.")
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection, pool)
            target, source = await profiles.get(profile_id), await profiles.get(source_id)
            await self._guard.check(connection, caller, [profile_id, source_id])
            if not target.active:
                raise SpeakerError("The target speaker is inactive. Activate it first.")
            await Trash(connection).merge(source, target, caller.workspace_id)
            await Observations(connection).move_all(source_id, profile_id)
            await Decisions(connection).move(source_id, profile_id)
            await Recognitions(connection).move(source_id, profile_id)
            await GoneProfiles(connection).merged(source_id, profile_id)
            await profiles.delete(source_id)
            await ProfileOutbox(connection).deleted(
                source_id, merged_into=profile_id, pool=source.pool, restorable=True
            )
            return (await self._refresher.refresh(connection, [profile_id], kept=True))[profile_id]

    async def split(
        self,
        profile_id: int,
        observation_ids: Sequence[int],
        name: str,
        caller: Identity,
        *,
        pool: str,
    ) -> tuple[Profile, Profile]:
        """Move observations to the active profile with a name, created if necessary.

        Decisions stay, so names in transcripts do not change. Return the source and the target.

        Raises:
            NotFoundError: The profile does not exist.
            ValidationError: The name is invalid, or the number of observations is out of range.
            AuthorizationError: Others taught the target or an observation, and profiles are
                protected.
            SpeakerError: An entry is not an observation of this profile, or source and target are
                the same.
        """
        wanted = sorted(set(observation_ids))
        if not 1 <= len(wanted) <= _MOST_MOVED:
            raise ValidationError.of(
                "observation_ids", f"The request must name 1 to {_MOST_MOVED} observations."
            )
        described = Description(name=clean_name(name))
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection, pool)
            profile = await profiles.get(profile_id)
            known = await profiles.by_name(name)
            target = known or await profiles.add(
                described, kept=True, workspace_id=caller.workspace_id
            )
            others = [known.profile_id] if known else []
            await self._guard.check(connection, caller, others, wanted)
            if target.profile_id == profile_id:
                raise SpeakerError("The name must belong to a different speaker.")
            moved = await Observations(connection).move(wanted, profile_id, target.profile_id)
            if moved < len(wanted):
                raise SpeakerError(
                    "Some ids are not observations of this speaker. "
                    "Automatic recognitions cannot be moved.",
                    {"found": str(moved), "wanted": str(len(wanted))},
                )
            await Trash(connection).split(
                profile, target, wanted, caller.workspace_id, made=known is None
            )
            both = await self._refresher.refresh(
                connection, [profile_id, target.profile_id], kept=True
            )
            return both[profile_id], both[target.profile_id]

    async def clip(self, profile_id: int, workspace_id: str, *, pool: str) -> Clip:
        """Return the clip of the observation closest to the profile's prototype.

        Raises:
            NotFoundError: The profile does not exist, or it has no clip for this workspace.
        """
        async with self._database.transaction() as connection:
            await Profiles(connection, pool).get(profile_id)
            observations = Observations(connection)
            clipped = await observations.clipped(
                profile_id, workspace_id=workspace_id, shared=self._clips_shared
            )
            best = self._most_typical(clipped, await observations.samples(profile_id))
            clip = None if best is None else await observations.clip(best)
        if clip is None:
            raise NotFoundError("This speaker has no clip.")
        return clip

    def _most_typical(
        self,
        clipped: Sequence[tuple[int, VoiceModel, Sample]],
        samples: Mapping[tuple[int, VoiceModel], Sequence[Sample]],
    ) -> int | None:
        """Return the id of the observation nearest to its prototype. This skips outliers."""
        prototypes = {
            model: summarize(found, self._spaces.of(model)).place
            for (_, model), found in samples.items()
        }
        best, highest = None, -math.inf
        for observation_id, model, sample in clipped:
            prototype = prototypes.get(model)
            place = self._spaces.of(model).place(sample.vector)
            cosine = -1.0 if prototype is None else similarity(place, prototype)
            if cosine > highest:
                best, highest = observation_id, cosine
        return best
