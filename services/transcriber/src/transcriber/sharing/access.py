"""Access to one transcription: of its workspace, by a share, or by a link.

It is the only place that finds out where a caller reaches a transcription. `common.rights` decides
what the caller may do there.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

from common import identity, rights
from common.audit import call as audited
from common.errors import AuthenticationError, AuthorizationError, NotFoundError
from common.identity import Grant, Identity, Role
from common.postgres import Database
from common.rights import Right
from transcriber.store.shares import Reach, reach_of

#: How often access is checked while something is streamed, in seconds.
_CHECKED_SECONDS = 0.5
_MISSING = "There is no such transcription."
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Access of a caller to a transcription.

    `workspace_id` is the workspace that owns it. `own` is false for a share or a link. `author` is
    the name under which the caller edits.
    """

    workspace_id: str
    role: Role
    own: bool
    author: str


class TranscriptionAccess:
    """Finds out how the current caller reaches transcriptions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, transcription_id: int, right: Right, *, audio: bool = False, trashed: bool = False
    ) -> Access:
        """Return the current caller's access to a transcription, with a right.

        With `trashed`, members of its workspace reach it in the trash as well. Nothing is
        remembered between calls, since another replica may put it there.

        Raises:
            AuthenticationError: the caller is not a session and acts for none.
            NotFoundError: the caller does not reach such a transcription.
            AuthorizationError: the caller does not have the right, or hears nothing of it.
        """
        caller = _caller()
        workspace_id = caller.workspace_id if caller.own_role is not None else ""
        async with self._database.statements() as connection:
            reach = await reach_of(
                connection,
                transcription_id,
                workspace_id=workspace_id,
                user_id=caller.user_id,
                link_id=caller.link_id,
                trashed=trashed,
            )
        if reach is None:
            raise NotFoundError(_MISSING)
        if not reach.own:
            audited.concerns(reach.workspace_id)
        role = role_in(caller, reach)
        rights.require(caller, role, right)
        assert role is not None
        if audio and not _hears(reach):
            raise AuthorizationError(
                "This link gives no access to the sound.", {"reason": "WITHOUT_AUDIO"}
            )
        return Access(
            workspace_id=reach.workspace_id,
            role=role,
            own=reach.own,
            author=caller.workspace_id if reach.own else caller.user_id or caller.workspace_id,
        )

    async def owner(
        self, transcription_id: int, right: Right, *, trashed: bool = False
    ) -> Identity:
        """Return the current caller, who owns a transcription and has a right to it.

        With `trashed`, it may lie in the trash.

        Raises:
            AuthenticationError: the caller is not a session and acts for none.
            NotFoundError: the caller does not reach such a transcription.
            AuthorizationError: it is only shared with the caller, or the right is missing.
        """
        found = await self.find(transcription_id, right, trashed=trashed)
        if not found.own:
            raise AuthorizationError(
                "Only members of the workspace that owns this transcription may do this."
            )
        return _caller()

    async def guarded(
        self,
        access: Access,
        items: AsyncIterator[Item],
        transcription_id: int,
        right: Right,
        *,
        audio: bool = False,
    ) -> AsyncIterator[Item]:
        """Yield items of a transcription while the current caller has the access found before.

        Raises:
            NotFoundError, AuthorizationError: the access has ended.
        """
        checked = time.monotonic()
        async for item in items:
            if not access.own and time.monotonic() - checked >= _CHECKED_SECONDS:
                await self.find(transcription_id, right, audio=audio)
                checked = time.monotonic()
            yield item


def role_in(caller: Grant, reach: Reach) -> Role | None:
    """Return the role in which a caller reaches a transcription, the highest of several.

    What is shared with a workspace gives its members no more than their role there.
    """
    own = caller.own_role
    roles = [
        own if reach.own else None,
        reach.user_role,
        min(own, reach.workspace_role) if own and reach.workspace_role else None,
        Role.VIEWER if reach.linked else None,
    ]
    return max((role for role in roles if role is not None), default=None)


def _hears(reach: Reach) -> bool:
    if not reach.linked or not reach.without_audio:
        return True
    return reach.own or reach.user_role is not None or reach.workspace_role is not None


def _caller() -> Identity:
    found = identity.current()
    if not found.session_id or not (found.workspace_id or found.user_id or found.link_id):
        raise AuthenticationError("A session is required.")
    return found
