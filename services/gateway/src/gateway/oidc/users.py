"""Users of the persons from providers, and their roles."""

from contextlib import suppress

from common import logging
from common.errors import ApplicationError, AuthenticationError, ConflictError, ValidationError
from common.postgres import Connection, Database, execute
from gateway.accounts.memberships import Memberships
from gateway.accounts.user import MAX_EMAIL, MAX_NAME, User, checked_email, checked_name
from gateway.accounts.users import NewUser, UserChange, Users
from gateway.oidc.claims import Person
from gateway.oidc.providers import OidcProvider
from gateway.oidc.store import Identities, Linked, memberships_of
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry

_log = logging.get(__name__)
#: Names are tried with these endings until nobody has one.
_MOST_NAMES = 50
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"


class ProviderUsers:
    """Finds, links and creates users, and gives them the roles of their groups."""

    def __init__(self, database: Database, registry: SessionRegistry) -> None:
        self._database = database
        self._registry = registry

    async def admit(self, person: Person, provider: OidcProvider) -> str:
        """Return the user of a person, with the roles of the groups at this moment.

        A verified e-mail address leads to the user with it. Roles given by people stay.

        Raises:
            AuthenticationError: there is no user for the person. `reason` is for programs.
        """
        now = self._registry.now()
        async with self._database.transaction() as connection:
            await execute(connection, _LOCK, {"key": f"{person.issuer} {person.subject}"})
            identities = Identities(connection)
            linked = await identities.find(person.issuer, person.subject)
            if linked is None:
                user = await self._find(connection, person, provider)
                await identities.link(
                    person.issuer,
                    person.subject,
                    provider=provider.id,
                    user_id=user.user_id,
                    now=now,
                )
                linked = Linked(user_id=user.user_id, made_administrator=False)
            user = await self._usable(connection, linked.user_id)
            administers = await self._administrator(connection, user, linked, person, provider)
            changed = await self._roles(connection, user, person, provider)
            await identities.signed_in(
                person.issuer,
                person.subject,
                provider=provider.id,
                made_administrator=administers,
                now=now,
            )
            changed = changed or administers != linked.made_administrator
            sessions = LastingSessions(connection)
            left = await sessions.of_user(user.user_id, now) if changed else []
        await self._registry.rights_changed(left)
        return user.user_id

    async def _usable(self, connection: Connection, user_id: str) -> User:
        user = await Users(connection).lock(user_id)
        if user is None or user.disabled_at is not None:
            raise AuthenticationError(
                "Your account is disabled here. Ask your administrator.", {"reason": "disabled"}
            )
        return user

    async def _find(self, connection: Connection, person: Person, provider: OidcProvider) -> User:
        """Return the user for a new person."""
        users = Users(connection)
        known = await users.by_email(person.email) if person.email else None
        if known is not None and person.email_verified:
            _log.info("user linked to a provider", user_id=known.user_id, provider=provider.id)
            return known
        if known is not None:
            raise AuthenticationError(
                f"{provider.label} has not verified your e-mail address, and somebody has it "
                "here. Verify it there, or ask your administrator.",
                {"reason": "email_not_verified"},
            )
        if not provider.create_users:
            raise AuthenticationError(
                "You have no account here. Ask your administrator to create one with your e-mail "
                "address.",
                {"reason": "no_account"},
            )
        return await self._create(connection, person, provider)

    async def _create(self, connection: Connection, person: Person, provider: OidcProvider) -> User:
        email = ""
        if person.email_verified and len(person.email) <= MAX_EMAIL:
            with suppress(ValidationError):
                email = checked_email(person.email)
        base = _name(person)
        for number in range(1, _MOST_NAMES + 1):
            ending = f"-{number}" if number > 1 else ""
            new = NewUser(
                name=base[: MAX_NAME - len(ending)] + ending,
                display_name=_display_name(person),
                email=email,
                email_verified=bool(email),
            )
            try:
                async with connection.transaction():
                    user = await Users(connection).add(new, self._registry.now())
            except ConflictError:
                continue
            _log.info("user created by a provider", user_id=user.user_id, provider=provider.id)
            return user
        raise AuthenticationError(
            "Too many people have your name here. Ask your administrator.", {"reason": "no_name"}
        )

    async def _administrator(
        self,
        connection: Connection,
        user: User,
        linked: Linked,
        person: Person,
        provider: OidcProvider,
    ) -> bool:
        """Follow a group of administrators. Return whether the user is one because of it.

        Administrators made by people stay so.
        """
        if not provider.administrators:
            return linked.made_administrator
        if person.administrator and not user.administrator:
            change = UserChange(administrator=True)
        elif linked.made_administrator and not person.administrator:
            change = UserChange(administrator=False)
        else:
            return linked.made_administrator
        await Users(connection).change(user.user_id, change, self._registry.now())
        return person.administrator

    async def _roles(
        self, connection: Connection, user: User, person: Person, provider: OidcProvider
    ) -> bool:
        """Give the roles of the groups and withdraw earlier ones. Return whether any changed."""
        memberships = Memberships(connection)
        current = await memberships_of(connection, user.user_id)
        changed = False
        for workspace_id, role in person.roles.items():
            giver, word = current.get(workspace_id, (provider.id, ""))
            if giver != provider.id or word == role.word:
                continue
            if not await memberships.lock(workspace_id):
                _log.warning(
                    "a role is for an unknown workspace",
                    provider=provider.id,
                    workspace_id=workspace_id,
                )
                continue
            await memberships.set(
                workspace_id, user.user_id, role, self._registry.now(), provider=provider.id
            )
            changed = True
        for workspace_id, (giver, _) in current.items():
            if giver == provider.id and workspace_id not in person.roles:
                await memberships.remove(workspace_id, user.user_id)
                changed = True
        return changed


def _name(person: Person) -> str:
    """Return a permitted name."""
    for candidate in (person.name, person.email, person.display_name, person.subject):
        with suppress(ApplicationError):
            return checked_name(candidate[:MAX_NAME])
    return "user"


def _display_name(person: Person) -> str:
    with suppress(ApplicationError):
        return checked_name(person.display_name[:MAX_NAME])
    return ""
