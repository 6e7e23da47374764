"""Undoing of permanent deletions, merges and splits, and their erasure after 30 days."""

from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import NotFoundError, StateError
from common.identity import Identity
from common.postgres import Connection, Database
from speakers.domain.profile import Page, Profile
from speakers.domain.trash import Trashed, TrashKind
from speakers.profile_refresh import ProfileRefresher
from speakers.protection import ProfileGuard
from speakers.store import locks
from speakers.store.outbox import ProfileOutbox
from speakers.store.profiles import Profiles
from speakers.store.restoration import Restoration
from speakers.store.trash import Trash

_log = logging.get(__name__)


class ProfileTrash:
    """Deletions, merges and splits, with undo."""

    def __init__(
        self, database: Database, refresher: ProfileRefresher, guard: ProfileGuard
    ) -> None:
        self._database = database
        self._refresher = refresher
        self._guard = guard

    async def page(self, page: Page, caller: Identity, *, pool: str) -> tuple[list[Trashed], int]:
        """Return one page of what the caller may undo, newest first, and the total count."""
        only = self._guard.only_of(caller)
        async with self._database.transaction() as connection:
            return await Trash(connection).page(page, pool, only)

    async def restore(self, trash_id: int, caller: Identity, *, pool: str) -> Profile:
        """Undo one entry, and return its profile.

        People's later decisions about voices stand.

        Raises:
            NotFoundError: There is no such entry, or the caller may not undo it.
            StateError: Something later has to be undone first.
            ConflictError: Another active profile has the name.
        """
        only = self._guard.only_of(caller)
        async with locks.ledger(self._database) as connection:
            entry = await Trash(connection).get(trash_id, pool)
            if entry is None or (only is not None and entry.workspace_id != only):
                raise NotFoundError("There is no such entry in the trash.")
            await _check_order(connection, entry, pool)
            profile = await self._undo(connection, entry)
            await Trash(connection).remove(trash_id)
        _log.info("profile restored", profile_id=entry.profile_id, kind=entry.kind)
        return profile

    async def _undo(self, connection: Connection, entry: Trashed) -> Profile:
        restoration, outbox = Restoration(connection, entry), ProfileOutbox(connection)
        if entry.kind is TrashKind.DELETION:
            await restoration.undelete()
        elif entry.kind is TrashKind.MERGE:
            await restoration.separate()
        else:
            await restoration.move_back()
            if entry.made_target and await restoration.drop_target():
                await outbox.deleted(entry.into_id, pool=entry.pool)
        ids = [entry.profile_id, entry.into_id]
        profile = (await self._refresher.refresh(connection, ids))[entry.profile_id]
        if entry.kind is not TrashKind.SPLIT:
            await outbox.restored(profile, merged_into=entry.into_id)
        return profile


async def _check_order(connection: Connection, entry: Trashed, pool: str) -> None:
    """Check that nothing built upon an entry has to be undone first.

    All profiles of the entry have to be in the pool. Otherwise voices would move to another one.
    """
    trash = Trash(connection)
    later = await trash.built_upon_by(entry.trash_id)
    needed = [] if entry.kind is TrashKind.DELETION else [entry.into_id]
    if entry.kind is TrashKind.SPLIT:
        needed.append(entry.profile_id)
    present = await Profiles(connection, pool).all_with(needed)
    for profile_id in needed:
        if later is None and profile_id not in present:
            later = await trash.gone_by(profile_id)
            if later is None:
                raise StateError("The other speaker does not exist any more.")
    if later is not None:
        raise StateError(
            f"The {later.kind} of the speaker {later.name!r} came later. Restore that first.",
            {"trash_id": str(later.trash_id)},
        )


class ProfileTrashStep(ItemStep[Trashed]):
    """Erases what can no longer be undone."""

    name = "profile-trash"
    items = "deleted, merged and split profiles after 30 days"
    outcome = "The data stays in the trash, where nobody finds it, until it is tried again."
    policy = Policy(timeout=120.0)

    def key(self, item: Trashed) -> str:
        """Return the entry's id."""
        return str(item.trash_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[Trashed]:
        """Return expired entries."""
        return await Trash(connection).due(limit)

    async def handle(self, item: Trashed) -> None:
        """Erase one entry."""
        async with locks.ledger(self._database) as connection:
            await remove_for_good(connection, item)
        _log.info("trashed profile erased", profile_id=item.profile_id, kind=item.kind)


async def remove_for_good(connection: Connection, entry: Trashed) -> None:
    """Erase an entry, and announce its profile as no longer restorable."""
    await Trash(connection).remove(entry.trash_id)
    if entry.kind is not TrashKind.SPLIT:
        await ProfileOutbox(connection).deleted(
            entry.profile_id, merged_into=entry.into_id, pool=entry.pool
        )
