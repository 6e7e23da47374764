"""Ways to sign in with a password: sign-in, setup of the first administrator, links, changes."""

from dataclasses import dataclass, field

from common import logging
from common.errors import AuthenticationError, ConflictError, ValidationError
from common.postgres import Database
from gateway.accounts.lockout import Lockout
from gateway.accounts.one_time_tokens import OneTimeTokens, Purpose
from gateway.accounts.passwords import Passwords, checked_password
from gateway.accounts.sign_ins import SignedIn, SignIns, Visit
from gateway.accounts.user import checked_email, checked_name
from gateway.accounts.users import NewUser, Users
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry
from gateway.sessions.session import Kind

_WRONG = "The name or the password is wrong."
_OVER = "The link is not valid any more. Ask an administrator for a new one."
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True)
class FirstAdministrator:
    """Names and password of the first administrator."""

    name: str
    password: str = field(repr=False)
    display_name: str = ""
    email: str = ""


class Entry:
    """Signs users in by a password or a one-time token."""

    def __init__(
        self,
        database: Database,
        *,
        passwords: Passwords,
        lockout: Lockout,
        sign_ins: SignIns,
        registry: SessionRegistry,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._lockout = lockout
        self._sign_ins = sign_ins
        self._registry = registry

    async def sign_in(self, name: str, password: str, visit: Visit) -> SignedIn:
        """Sign a user in with a name or an e-mail address, and a password.

        It takes as long for unknown names.

        Raises:
            AuthenticationError: the name or the password is wrong, or the user is disabled.
            ResourceExhaustedError: too many attempts with the name have failed.
        """
        now = self._registry.now()
        async with self._database.statements() as connection:
            found = await Users(connection).find(name)
        user, stored = found or (None, None)
        # Attempts with the e-mail address of a user count as those with the name.
        counted = name if user is None else user.name
        await self._lockout.attempt(counted, visit.address, now)
        if not await self._passwords.verify(stored, password) or user is None or stored is None:
            _log.info("sign-in refused", known=user is not None)
            raise AuthenticationError(_WRONG)
        if user.disabled_at is not None:
            raise AuthenticationError("This user may not sign in.")
        if self._passwords.is_outdated(stored):
            await self._renew(user.user_id, stored, password)
        await self._lockout.succeeded(counted, visit.address)
        return await self._sign_ins.begin(user.user_id, visit)

    async def complete_setup(self, token: str, first: FirstAdministrator, visit: Visit) -> SignedIn:
        """Create the first administrator with the one-time token, and sign in.

        Raises:
            AuthenticationError: the token is not valid.
            ConflictError: there are users already.
            ValidationError: a name or the password is not permitted.
        """
        new = NewUser(
            name=checked_name(first.name),
            display_name=checked_name(first.display_name or first.name, "display_name"),
            email=checked_email(first.email),
            administrator=True,
        )
        checked_password(first.password, new.name, new.display_name, new.email)
        hashed, now = await self._passwords.hash(first.password), self._registry.now()
        async with self._database.transaction() as connection:
            users = Users(connection)
            if await OneTimeTokens(connection).redeem(Purpose.SETUP, token, now) is None:
                raise AuthenticationError(
                    "The setup token is not valid. Make a new one on the server: "
                    "`.venv/bin/python -m devstack exec gateway setup-token` after `make start`, "
                    "`python -m gateway setup-token` in a container."
                )
            if await users.exist():
                raise ConflictError("The first administrator has been created already.")
            user = await users.add(new, now)
            await users.set_password(user.user_id, hashed)
        _log.info("first administrator created", user_id=user.user_id)
        return await self._sign_ins.begin(user.user_id, visit)

    async def reset_password(self, token: str, password: str, visit: Visit) -> SignedIn:
        """Set a password with the token of a link, end all sessions of the user, and sign in.

        Raises:
            AuthenticationError: the token is not valid, or the user is disabled.
            ValidationError: the password is not permitted. The link still works then.
        """
        now = self._registry.now()
        async with self._database.statements() as connection:
            shown = await OneTimeTokens(connection).read(Purpose.PASSWORD, token, now)
            user = await Users(connection).get(shown.user_id) if shown is not None else None
        if user is None:
            raise AuthenticationError(_OVER)
        checked_password(password, user.name, user.display_name, user.email)
        hashed = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            if await OneTimeTokens(connection).redeem(Purpose.PASSWORD, token, now) is None:
                raise AuthenticationError(_OVER)
            await Users(connection).set_password(user.user_id, hashed)
            ended = await LastingSessions(connection).end_of_user(
                user.user_id, now, kind=Kind.SIGN_IN.value
            )
        await self._registry.ended(ended)
        return await self._sign_ins.begin(user.user_id, visit)

    async def change_password(
        self, user_id: str, session_id: str, current: str, new: str, address: str
    ) -> None:
        """Change a user's password, and end the user's other sign-ins.

        Raises:
            ValidationError: the new password is not permitted, or the current one is wrong.
            ConflictError: the user signs in with a provider only.
            ResourceExhaustedError: too many attempts have failed.
        """
        now = self._registry.now()
        async with self._database.statements() as connection:
            user = await Users(connection).get(user_id)
            stored = await Users(connection).password_of(user_id)
        if user is None or stored is None:
            raise ConflictError("You have no password here. You sign in with a provider.")
        await self._lockout.attempt(user.name, address, now)
        if not await self._passwords.verify(stored, current):
            raise ValidationError.of("current_password", "The current password is wrong.")
        await self._lockout.succeeded(user.name, address)
        checked_password(new, user.name, user.display_name, user.email)
        hashed = await self._passwords.hash(new)
        async with self._database.transaction() as connection:
            await Users(connection).set_password(user_id, hashed)
            ended = await LastingSessions(connection).end_of_user(
                user_id, now, besides=session_id, kind=Kind.SIGN_IN.value
            )
        await self._registry.ended(ended)

    async def setup_required(self) -> bool:
        """Return whether the first administrator has yet to be created."""
        async with self._database.statements() as connection:
            return not await Users(connection).exist()

    async def _renew(self, user_id: str, stored: str, password: str) -> None:
        """Hash a password again, unless it was changed meanwhile."""
        hashed = await self._passwords.hash(password)
        async with self._database.transaction() as connection:
            await Users(connection).replace_hash(user_id, stored, hashed)
