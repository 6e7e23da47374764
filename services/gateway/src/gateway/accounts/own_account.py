"""The account of the caller: the shown name, and the sign-ins."""

from common import logging
from common.errors import AuthorizationError, NotFoundError
from common.identity import Grant
from common.postgres import Database
from gateway.accounts.user import User, checked_name
from gateway.accounts.users import UserChange, Users
from gateway.sessions.lasting import LastingSessions, SignInRecord
from gateway.sessions.registry import SessionRegistry

_log = logging.get(__name__)


class OwnAccount:
    """Changes of users to themselves. Access tokens change nothing."""

    def __init__(self, database: Database, registry: SessionRegistry) -> None:
        self._database = database
        self._registry = registry

    async def rename(self, caller: Grant, display_name: str) -> User:
        """Change the name that others see. The name to sign in with stays the same.

        Raises:
            ValidationError: the name is not permitted.
        """
        _require_person(caller)
        change = UserChange(display_name=checked_name(display_name, "display_name"))
        async with self._database.transaction() as connection:
            user = await Users(connection).change(caller.user_id, change, self._registry.now())
        if user is None:
            raise NotFoundError("This user was deleted.")
        return user

    async def sign_ins(self, caller: Grant) -> list[SignInRecord]:
        """Return the sign-ins of the caller, the last used one first."""
        _require_person(caller)
        async with self._database.statements() as connection:
            sessions = LastingSessions(connection)
            return await sessions.sign_ins(caller.user_id, self._registry.now())

    async def end(self, caller: Grant, session_id: str) -> None:
        """End one sign-in of the caller.

        Raises:
            NotFoundError: the caller has no such sign-in.
        """
        if not await self._end(caller, session_id=session_id):
            raise NotFoundError("You have no such sign-in, or it has ended.")

    async def end_others(self, caller: Grant) -> int:
        """End all sign-ins of the caller but the current one. Return their number."""
        return await self._end(caller, besides=caller.session_id)

    async def _end(self, caller: Grant, *, session_id: str = "", besides: str = "") -> int:
        _require_person(caller)
        async with self._database.transaction() as connection:
            ended = await LastingSessions(connection).end_sign_ins(
                caller.user_id, self._registry.now(), session_id=session_id, besides=besides
            )
        await self._registry.ended(ended)
        _log.info("sign-ins ended by their user", user_id=caller.user_id, count=len(ended))
        return len(ended)


def _require_person(caller: Grant) -> None:
    if not caller.user_id or caller.scopes is not None:
        raise AuthorizationError("Only people who sign in may do this.")
