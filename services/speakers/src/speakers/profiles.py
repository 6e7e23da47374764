"""Creation, search, changes and deletion of profiles."""

import hashlib

from common.errors import SpeakerError, ValidationError
from common.identity import Identity
from common.postgres import Database
from speakers.domain.profile import Changes, Description, Page, Profile
from speakers.profile_refresh import ProfileRefresher
from speakers.protection import ProfileGuard
from speakers.store import locks
from speakers.store.gone_profiles import GoneProfiles
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.recognitions import Recognitions, SpeakerStatistics
from speakers.store.trash import Trash

LONGEST_QUERY = 255
_LONGEST_REQUEST_ID = 255


class ProfileCatalog:
    """Profiles of a pool, as its callers see and change them."""

    def __init__(
        self, database: Database, refresher: ProfileRefresher, guard: ProfileGuard
    ) -> None:
        self._database = database
        self._refresher = refresher
        self._guard = guard

    async def create(
        self, described: Description, request_key: str | None, *, workspace_id: str, pool: str
    ) -> Profile:
        """Create a profile, or return the one created by the same request before.

        Raises:
            ValidationError: A field is invalid.
            ConflictError: An active profile has the name.
        """
        cleaned = described.cleaned()
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection, pool)
            if request_key and (made := await profiles.by_request(request_key)):
                return made
            profile = await profiles.add(
                cleaned, kept=True, workspace_id=workspace_id, request_key=request_key
            )
            await ProfileOutbox(connection).updated(profile)
            return profile

    async def get(self, profile_id: int, *, pool: str) -> Profile:
        """Return one profile.

        Raises:
            NotFoundError: The profile does not exist.
        """
        async with self._database.transaction() as connection:
            return await Profiles(connection, pool).get(profile_id)

    async def page(
        self, *, active_only: bool, verified_only: bool, page: Page, pool: str
    ) -> tuple[list[Profile], int]:
        """Return one page of profiles ordered by name, and the total count."""
        async with self._database.transaction() as connection:
            return await Profiles(connection, pool).page(
                active_only=active_only, verified_only=verified_only, page=page
            )

    async def search(
        self, query: str, *, active_only: bool, limit: int, pool: str
    ) -> list[Profile]:
        """Search profiles by words of the name or description, best match first.

        A limit of 0 selects the default of 50.

        Raises:
            ValidationError: The query is empty or too long, or the limit is out of range.
        """
        if not 1 <= len(query.strip()) <= LONGEST_QUERY:
            raise ValidationError.of(
                "query", f"The query must have 1 to {LONGEST_QUERY} characters."
            )
        if "\0" in query:
            raise ValidationError.of("query", "The query must not contain null characters.")
        if not 0 <= limit <= 200:
            raise ValidationError.of("limit", "The limit must be between 1 and 200.")
        async with self._database.transaction() as connection:
            return await Profiles(connection, pool).search(
                query, active_only=active_only, limit=limit or 50
            )

    async def update(self, profile_id: int, changes: Changes, *, pool: str) -> Profile:
        """Change a profile. Inactive profiles take no part in recognition.

        Raises:
            NotFoundError: The profile does not exist.
            ValidationError: A new value is invalid.
            ConflictError: Another active profile has the name.
        """
        async with locks.ledger(self._database) as connection:
            profile = await Profiles(connection, pool).get(profile_id)
            await Profiles(connection, pool).save(profile.changed(changes))
            return (await self._refresher.refresh(connection, [profile_id]))[profile_id]

    async def delete(
        self, profile_id: int, caller: Identity, *, permanent: bool, pool: str
    ) -> None:
        """Deactivate a profile, or with `permanent` move it with its voice data to the trash.

        Raises:
            NotFoundError: The profile does not exist.
            AuthorizationError: Others taught it, and profiles are protected.
            SpeakerError: The profile to be deactivated is already inactive.
        """
        if not permanent:
            await self._deactivate(profile_id, pool)
            return
        async with locks.ledger(self._database) as connection:
            profiles = Profiles(connection, pool)
            profile = await profiles.get(profile_id)
            await self._guard.check(connection, caller, [profile_id])
            await Trash(connection).deletion(profile, caller.workspace_id)
            await GoneProfiles(connection).deleted(profile_id)
            await profiles.delete(profile_id)
            await ProfileOutbox(connection).deleted(profile_id, pool=profile.pool, restorable=True)

    async def statistics(self, profile_id: int, *, pool: str) -> SpeakerStatistics:
        """Return statistics over the recordings of a speaker.

        Raises:
            NotFoundError: The profile does not exist.
        """
        async with self._database.transaction() as connection:
            profile = await Profiles(connection, pool).get(profile_id)
            return await Recognitions(connection).statistics(profile)

    async def _deactivate(self, profile_id: int, pool: str) -> None:
        async with locks.ledger(self._database) as connection:
            profile = await Profiles(connection, pool).get(profile_id)
            if not profile.active:
                raise SpeakerError(
                    "This speaker is already inactive.", {"speaker_id": str(profile_id)}
                )
            await Profiles(connection, pool).save(profile.changed(Changes(active=False)))
            await self._refresher.refresh(connection, [profile_id])


def request_key(caller: str, request_id: str) -> str | None:
    """Return the storage key of an idempotent request, None without a request id.

    The caller is part of the key, so that different callers may use the same request id.

    Raises:
        ValidationError: The request id is too long.
    """
    if not request_id:
        return None
    if len(request_id) > _LONGEST_REQUEST_ID:
        raise ValidationError.of(
            "request_id", f"The request id must not exceed {_LONGEST_REQUEST_ID} characters."
        )
    return hashlib.sha256(f"{caller}\0{request_id}".encode()).hexdigest()
