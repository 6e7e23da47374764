"""Values of users, lasting workspaces, members and access tokens."""

import datetime as dt
import re
import secrets
import unicodedata
from dataclasses import dataclass

from common.errors import ValidationError
from common.identity import Role, Scope

MAX_NAME = 100
MAX_EMAIL = 254
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
#: Characters that cannot be seen, which would let two names look the same.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


@dataclass(frozen=True, kw_only=True)
class User:
    """A person with an account."""

    user_id: str
    name: str
    display_name: str
    email: str
    email_verified: bool
    administrator: bool
    has_password: bool
    created_at: dt.datetime
    last_sign_in_at: dt.datetime | None
    disabled_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class LastingWorkspace:
    """A workspace of users, with the role of the caller, and the number of members."""

    workspace_id: str
    name: str
    role: Role | None
    members: int
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Member:
    """A user in a workspace."""

    user_id: str
    name: str
    display_name: str
    role: Role
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """An access token, without its secret."""

    token_id: str
    session_id: str
    name: str
    user_id: str
    user_name: str
    workspace_id: str
    scopes: frozenset[Scope]
    hint: str
    created_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None


def new_id(prefix: str) -> str:
    """Return an identifier: the prefix and 32 hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def name_key(name: str) -> str:
    """Return the form of a name for comparison: without case, width and compatible forms."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def checked_name(name: str, field: str = "name") -> str:
    """Return a name without surrounding spaces.

    Raises:
        ValidationError: it is empty, too long, or has invisible characters.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= MAX_NAME:
        raise ValidationError.of(field, f"A name has 1 to {MAX_NAME} characters.")
    if any(unicodedata.category(character) in _HIDDEN for character in name):
        raise ValidationError.of(field, "A name has no characters that cannot be seen.")
    return name


def checked_email(email: str) -> str:
    """Return an e-mail address without surrounding spaces, or an empty text.

    Raises:
        ValidationError: it is no e-mail address.
    """
    email = email.strip()
    if email and (len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable()):
        raise ValidationError.of("email", "This is not an e-mail address.")
    return email
