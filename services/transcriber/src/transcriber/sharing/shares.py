"""Shares of transcriptions with users and workspaces."""

import re
from collections.abc import Iterable

from common.errors import NotFoundError, StateError, ValidationError
from common.identity import Role
from common.postgres import Connection, Database
from common.rights import Right
from securetranscribe.v1 import event_pb2
from transcriber.sharing.access import TranscriptionAccess
from transcriber.store.outbox import JobOutbox
from transcriber.store.shares import Share, Shares
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps

MOST_SHARES = 200
_ROLES = (Role.VIEWER, Role.COMMENTER, Role.EDITOR)
_GRANTEE = re.compile(r"[A-Za-z0-9_-]{1,128}")


class TranscriptionShares:
    """Shares, as members of the owning workspace who may change things make and end them."""

    def __init__(self, database: Database, access: TranscriptionAccess, wake_ups: WakeUps) -> None:
        self._database = database
        self._access = access
        self._wake_ups = wake_ups

    async def share(
        self, transcription_id: int, *, user_id: str, workspace_id: str, role: Role | None
    ) -> Share:
        """Share a transcription with a user or a workspace. Sharing it again changes the role.

        Raises:
            ValidationError: the role cannot be given, or this is not an identifier.
            StateError: the transcription is shared with too many.
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does.
        """
        if role not in _ROLES:
            raise ValidationError.of("role", "The role must be viewer, commenter or editor.")
        field = "user_id" if user_id else "workspace_id"
        if not _GRANTEE.fullmatch(user_id or workspace_id):
            raise ValidationError.of(field, "Name a user or a workspace.")
        owner = await self._access.owner(transcription_id, Right.CHANGE)
        if workspace_id == owner.workspace_id:
            raise ValidationError.of(field, "The transcription belongs to this workspace.")
        async with self._database.transaction() as connection:
            await _must_be_there(connection, transcription_id, owner.workspace_id)
            shares = Shares(connection)
            found = await shares.put(
                transcription_id, user_id=user_id, workspace_id=workspace_id, role=role
            )
            if await shares.count(transcription_id) > MOST_SHARES:
                raise StateError(f"A transcription is shared with at most {MOST_SHARES}.")
            await announce(connection, [transcription_id], owner.workspace_id)
        self._wake_ups.outbox.notify()
        return found

    async def all(self, transcription_id: int) -> list[Share]:
        """Return the shares of a transcription in the order of sharing.

        Raises:
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does.
        """
        owner = await self._access.owner(transcription_id, Right.CHANGE)
        async with self._database.transaction() as connection:
            await _must_be_there(connection, transcription_id, owner.workspace_id)
            return await Shares(connection).all(transcription_id)

    async def revoke(self, transcription_id: int, share_id: int) -> None:
        """End a share. Repeating it changes nothing.

        Raises:
            NotFoundError, AuthorizationError: as `TranscriptionAccess.owner` does.
        """
        owner = await self._access.owner(transcription_id, Right.CHANGE)
        async with self._database.transaction() as connection:
            await _must_be_there(connection, transcription_id, owner.workspace_id)
            if await Shares(connection).remove(transcription_id, share_id):
                await announce(connection, [transcription_id], owner.workspace_id)
        self._wake_ups.outbox.notify()

    async def forget(self, *, user_id: str, workspace_id: str) -> int:
        """End all shares with a user or a workspace that is deleted. Return their number."""
        async with self._database.transaction() as connection:
            ended = await Shares(connection).forget(user_id=user_id, workspace_id=workspace_id)
            for transcription_id in ended:
                found = await Transcriptions(connection).get(transcription_id)
                if found is not None:
                    await announce(connection, [transcription_id], found.workspace_id)
        self._wake_ups.outbox.notify()
        return len(ended)


async def announce(
    connection: Connection,
    transcription_ids: Iterable[int],
    workspace_id: str,
    *,
    revoked_link_id: str = "",
) -> None:
    """Tell all processes to look up again who may reach transcriptions of a workspace."""
    outbox = JobOutbox(connection)
    for transcription_id in transcription_ids:
        shared = event_pb2.TranscriptionShared(
            transcription_id=transcription_id, revoked_link_id=revoked_link_id
        )
        await outbox.event(event_pb2.Event(workspace_id=workspace_id, transcription_shared=shared))


async def _must_be_there(connection: Connection, transcription_id: int, workspace_id: str) -> None:
    if await Transcriptions(connection).find(transcription_id, workspace_id) is None:
        raise NotFoundError("There is no such transcription.")
