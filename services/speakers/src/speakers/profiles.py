"""Making, finding, changing and deleting profiles."""

import hashlib

from common.errors import SpeakerError, ValidationError
from common.postgres import Database
from speakers.domain.profile import Changes, Description, Page, Profile
from speakers.profile_refresh import Learning
from speakers.store import locks
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.outbox import Outbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions, Statistics

LONGEST_QUERY = 255
_LONGEST_REQUEST_ID = 255


class ProfileBook:
    """All profiles of the deployment; they are shared by all its sessions."""

    def __init__(self, database: Database, learning: Learning) -> None:
        self._database = database
        self._learning = learning

    async def create(self, described: Description, request_key: str | None) -> Profile:
        """Makes a profile, or returns the one that the same request made before.

        Raises:
            ValidationError: a field is not acceptable.
            ConflictError: an active profile has the name.
        """
        cleaned = described.cleaned()
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection)
            if request_key and (made := await profiles.by_request(request_key)):
                return made
            profile = await profiles.add(cleaned, kept=True, request_key=request_key)
            await Outbox(connection).updated(profile)
            return profile

    async def get(self, profile_id: int) -> Profile:
        """One profile. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            return await Profiles(connection).get(profile_id)

    async def page(
        self, *, active_only: bool, verified_only: bool, page: Page
    ) -> tuple[list[Profile], int]:
        """One page of profiles in order of name, and how many there are in all."""
        async with self._database.transaction() as connection:
            return await Profiles(connection).page(
                active_only=active_only, verified_only=verified_only, page=page
            )

    async def search(self, query: str, *, active_only: bool, limit: int) -> list[Profile]:
        """Profiles by words of name or description, best first; a limit of 0 means 50.

        Raises:
            ValidationError: the query is empty or too long, or the limit out of range.
        """
        if not 1 <= len(query.strip()) <= LONGEST_QUERY:
            raise ValidationError.of("query", f"Search for 1 to {LONGEST_QUERY} characters.")
        if "\0" in query:
            raise ValidationError.of("query", "This must not contain control characters.")
        if not 0 <= limit <= 200:
            raise ValidationError.of("limit", "The limit is 1 to 200.")
        async with self._database.transaction() as connection:
            return await Profiles(connection).search(
                query, active_only=active_only, limit=limit or 50
            )

    async def update(self, profile_id: int, changes: Changes) -> Profile:
        """Changes a profile. Deactivating it takes it out of recognition, activating puts it back.

        Raises:
            NotFoundError: there is no such profile.
            ValidationError: a new value is not acceptable.
            ConflictError: another active profile has the name.
        """
        async with locks.ledger(self._database) as connection:
            profile = await Profiles(connection).get(profile_id)
            await Profiles(connection).save(profile.changed(changes))
            return (await self._learning.renew(connection, [profile_id]))[profile_id]

    async def delete(self, profile_id: int, *, permanent: bool) -> None:
        """Deactivates a profile, or deletes it with its voiceprints and clips.

        Raises:
            NotFoundError: there is no such profile.
            SpeakerError: it is deactivated already and is to be deactivated again.
        """
        if not permanent:
            await self._deactivate(profile_id)
            return
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection)
            await profiles.get(profile_id)
            await GoneProfiles(connection).deleted(profile_id)
            await profiles.delete(profile_id)
            await Outbox(connection).deleted(profile_id)

    async def statistics(self, profile_id: int) -> Statistics:
        """Figures over the recordings of a speaker. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            profile = await Profiles(connection).get(profile_id)
            return await Recognitions(connection).statistics(profile)

    async def _deactivate(self, profile_id: int) -> None:
        async with locks.ledger(self._database) as connection:
            profile = await Profiles(connection).get(profile_id)
            if not profile.active:
                raise SpeakerError(
                    "This speaker is deactivated already.", {"speaker_id": str(profile_id)}
                )
            await Profiles(connection).save(profile.changed(Changes(active=False)))
            await self._learning.renew(connection, [profile_id])


def request_key(caller: str, request_id: str) -> str | None:
    """What an idempotent request is stored under: two callers' keys never meet.

    Raises:
        ValidationError: the id is too long.
    """
    if not request_id:
        return None
    if len(request_id) > _LONGEST_REQUEST_ID:
        raise ValidationError.of(
            "request_id", f"A request id has at most {_LONGEST_REQUEST_ID} characters."
        )
    return hashlib.sha256(f"{caller}\0{request_id}".encode()).hexdigest()
