"""Users in Postgres, within one transaction."""

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import DictRow

from common.errors import ConflictError
from common.postgres import Connection, execute, fetch_all, fetch_one
from gateway.accounts.user import User, name_key, new_id

_ADD = """
INSERT INTO users (
    user_id, name, name_key, display_name, email, email_verified, administrator, created_at
) VALUES (
    %(user_id)s, %(name)s, %(name_key)s, %(display_name)s, %(email)s, %(email_verified)s,
    %(administrator)s, %(now)s
) RETURNING *
"""
_GET = "SELECT * FROM users WHERE user_id = %(user_id)s"
_LOCK = "SELECT * FROM users WHERE user_id = %(user_id)s FOR UPDATE"
# A name goes first: an e-mail address of one user may be the name of another.
_FIND = """
SELECT * FROM users WHERE name_key = %(key)s OR (email <> '' AND lower(email) = lower(%(email)s))
ORDER BY name_key = %(key)s DESC LIMIT 1
"""
_BY_EMAIL = "SELECT * FROM users WHERE email <> '' AND lower(email) = lower(%(email)s)"
_PAGE = """
SELECT *, count(*) OVER () AS total, (
    SELECT count(*) FROM memberships own
    WHERE own.user_id = users.user_id AND NOT EXISTS (
        SELECT FROM memberships others
        WHERE others.workspace_id = own.workspace_id AND others.user_id <> own.user_id
    )
) AS sole_workspaces FROM users
WHERE %(key)s = '' OR strpos(name_key, %(key)s) > 0
   OR strpos(lower(display_name), lower(%(query)s)) > 0
   OR strpos(lower(email), lower(%(query)s)) > 0
ORDER BY name_key LIMIT %(limit)s OFFSET %(offset)s
"""
_ANY = "SELECT EXISTS (SELECT FROM users) AS found"
# Of two administrators who leave at the same time, neither may count on the other.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('administrators', 0))"
_ADMINISTRATORS = """
SELECT count(*) AS count FROM users
WHERE administrator AND disabled_at IS NULL AND user_id <> %(besides)s
"""
_CHANGE = """
UPDATE users SET
    display_name = coalesce(%(display_name)s, display_name),
    email_verified = email_verified AND coalesce(%(email)s, email) = email,
    email = coalesce(%(email)s, email),
    administrator = coalesce(%(administrator)s, administrator),
    disabled_at = CASE
        WHEN %(disabled)s::boolean IS NULL THEN disabled_at
        WHEN %(disabled)s::boolean THEN coalesce(disabled_at, %(now)s)
    END
WHERE user_id = %(user_id)s RETURNING *
"""
_SET_PASSWORD = "UPDATE users SET password_hash = %(hash)s WHERE user_id = %(user_id)s"  # noqa: S105
_REPLACE_HASH = """
UPDATE users SET password_hash = %(hash)s
WHERE user_id = %(user_id)s AND password_hash = %(before)s
"""
_SIGNED_IN = "UPDATE users SET last_sign_in_at = %(now)s WHERE user_id = %(user_id)s"
_DELETE = "DELETE FROM users WHERE user_id = %(user_id)s"


@dataclass(frozen=True, kw_only=True)
class NewUser:
    """Values of a user to be created. Names have been checked."""

    name: str
    display_name: str = ""
    email: str = ""
    email_verified: bool = False
    administrator: bool = False


@dataclass(frozen=True, kw_only=True)
class UserChange:
    """Changes of a user. None leaves a value unchanged."""

    display_name: str | None = None
    email: str | None = None
    administrator: bool | None = None
    disabled: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ListedUser:
    """A user, and the number of workspaces without another member."""

    user: User
    sole_workspaces: int


class Users:
    """The table of users."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: NewUser, now: dt.datetime) -> User:
        """Create a user without a password.

        Raises:
            ConflictError: somebody has the name or the e-mail address.
        """
        parameters = {
            **vars(new),
            "display_name": new.display_name or new.name,
            "user_id": new_id("user"),
            "name_key": name_key(new.name),
            "now": now,
        }
        try:
            row = await fetch_one(self._connection, _ADD, parameters)
        except psycopg.errors.UniqueViolation as error:
            raise taken(error) from error
        assert row is not None
        return user_of(row)

    async def get(self, user_id: str) -> User | None:
        """Return a user by identifier."""
        return _maybe(await fetch_one(self._connection, _GET, {"user_id": user_id}))

    async def lock(self, user_id: str) -> User | None:
        """Return a user and lock the row."""
        return _maybe(await fetch_one(self._connection, _LOCK, {"user_id": user_id}))

    async def find(self, name: str) -> tuple[User, str | None] | None:
        """Return the user with a name or an e-mail address, and the hash of the password."""
        key = name_key(name)
        row = await fetch_one(self._connection, _FIND, {"key": key, "email": name})
        # The database takes some letters for the same that `name_key` does not. Every such writing
        # would have failed attempts to sign in of its own.
        if row is None or key not in (row["name_key"], name_key(row["email"])):
            return None
        return user_of(row), row["password_hash"]

    async def by_email(self, email: str) -> User | None:
        """Return the user with an e-mail address."""
        return _maybe(await fetch_one(self._connection, _BY_EMAIL, {"email": email}))

    async def password_of(self, user_id: str) -> str | None:
        """Return the hash of a user's password."""
        row = await fetch_one(self._connection, _GET, {"user_id": user_id})
        return None if row is None else row["password_hash"]

    async def page(self, limit: int, offset: int, query: str = "") -> tuple[list[ListedUser], int]:
        """Return users by name, and the number of all.

        `query` is a part of the name, the shown name or the e-mail address.
        """
        query = query.strip()
        parameters = {"limit": limit, "offset": offset, "query": query, "key": name_key(query)}
        rows = await fetch_all(self._connection, _PAGE, parameters)
        users = [
            ListedUser(user=user_of(row), sole_workspaces=row["sole_workspaces"]) for row in rows
        ]
        return users, rows[0]["total"] if rows else 0

    async def exist(self) -> bool:
        """Return whether there is any user."""
        row = await fetch_one(self._connection, _ANY)
        assert row is not None
        return bool(row["found"])

    async def administrators(self, besides: str) -> int:
        """Return the number of administrators able to sign in, apart from one user.

        Others who ask wait for the end of the transaction.
        """
        await self._connection.execute(_ONE_AT_A_TIME)
        row = await fetch_one(self._connection, _ADMINISTRATORS, {"besides": besides})
        assert row is not None
        return int(row["count"])

    async def change(self, user_id: str, change: UserChange, now: dt.datetime) -> User | None:
        """Change a user. Return None if there is none.

        Raises:
            ConflictError: somebody has the e-mail address.
        """
        parameters = {**vars(change), "user_id": user_id, "now": now}
        try:
            return _maybe(await fetch_one(self._connection, _CHANGE, parameters))
        except psycopg.errors.UniqueViolation as error:
            raise taken(error) from error

    async def set_password(self, user_id: str, hashed: str) -> None:
        """Store the hash of a new password."""
        await execute(self._connection, _SET_PASSWORD, {"user_id": user_id, "hash": hashed})

    async def replace_hash(self, user_id: str, before: str, hashed: str) -> bool:
        """Store another hash of the same password. Return whether it was still that password."""
        parameters = {"user_id": user_id, "before": before, "hash": hashed}
        return await execute(self._connection, _REPLACE_HASH, parameters) == 1

    async def signed_in(self, user_id: str, now: dt.datetime) -> None:
        """Record a user's sign-in."""
        await execute(self._connection, _SIGNED_IN, {"user_id": user_id, "now": now})

    async def delete(self, user_id: str) -> None:
        """Delete a user with memberships, sessions and access tokens."""
        await execute(self._connection, _DELETE, {"user_id": user_id})


def taken(error: psycopg.errors.UniqueViolation) -> ConflictError:
    """Return the error for a name or an e-mail address already taken."""
    if error.diag.constraint_name == "users_email":
        return ConflictError("Another user has this e-mail address.", {"field": "email"})
    return ConflictError("Another user has this name.", {"field": "name"})


def user_of(row: DictRow) -> User:
    """Return the user of a row."""
    return User(
        user_id=row["user_id"],
        name=row["name"],
        display_name=row["display_name"],
        email=row["email"],
        email_verified=row["email_verified"],
        administrator=row["administrator"],
        has_password=row["password_hash"] is not None,
        created_at=row["created_at"],
        last_sign_in_at=row["last_sign_in_at"],
        disabled_at=row["disabled_at"],
    )


def _maybe(row: DictRow | None) -> User | None:
    return None if row is None else user_of(row)
