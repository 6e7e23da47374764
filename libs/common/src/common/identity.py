"""Identity of callers: sessions and access tokens, and services that sign their calls."""

import contextvars
import enum
import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from common.errors import AuthenticationError


class Role(enum.IntEnum):
    """What a member may do in a workspace. Each role includes those before it."""

    VIEWER = 1
    COMMENTER = 2
    """Occurs in shares only."""
    EDITOR = 3
    MANAGER = 4

    @property
    def word(self) -> str:
        """The name in the API and in tables."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Role":
        """Return the role of a word. Raise ValueError for another word."""
        for role in cls:
            if role.word == word:
                return role
        raise ValueError(f"{word!r} is not a role")


class Scope(enum.Enum):
    """What an access token may be used for, within the role of its user."""

    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    ADMIN = "admin"


class Owner(Protocol):
    """Anything with a session and the workspace it works in."""

    @property
    def session_id(self) -> str:
        """The session, empty when there is none."""
        ...

    @property
    def workspace_id(self) -> str:
        """The workspace, empty when there is none."""
        ...


class Caller(Owner, Protocol):
    """Anything that names a session with its rights, so that calls can be made on its behalf."""

    @property
    def user_id(self) -> str:
        """The user, empty for open sessions and opened links."""
        ...

    @property
    def role(self) -> Role | None:
        """The role in the workspace, as in `Grant`."""
        ...

    @property
    def scopes(self) -> frozenset[Scope] | None:
        """The scopes of an access token. None when nothing is limited by scopes."""
        ...

    @property
    def link_id(self) -> str:
        """The opened shared link, empty for others."""
        ...

    @property
    def administrator(self) -> bool:
        """Whether the user administers the deployment."""
        ...


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Access that a token gives: a session, its active workspace, and the rights in it.

    Without a user, a link and a role it is an open session, which manages its workspace. A user
    without a role is no member of the workspace (any more). A link has no workspace.
    """

    session_id: str = ""
    workspace_id: str = ""
    user_id: str = ""
    role: Role | None = None
    scopes: frozenset[Scope] | None = None
    link_id: str = ""
    administrator: bool = False

    @classmethod
    def of(cls, session_id: str, workspace_id: str = "") -> "Grant":
        """Return the access of an open session. A workspace has the id of its first session."""
        return Grant(session_id=session_id, workspace_id=workspace_id or session_id)

    @classmethod
    def copy(cls, caller: Caller) -> "Grant":
        """Return the access of any caller."""
        return Grant(
            session_id=caller.session_id,
            workspace_id=caller.workspace_id,
            user_id=caller.user_id,
            role=caller.role,
            scopes=caller.scopes,
            link_id=caller.link_id,
            administrator=caller.administrator,
        )

    @classmethod
    def owning(cls, owner: Owner) -> "Grant":
        """Return the access of a service working for the owner of something stored.

        The service has done what a caller wanted, or does what nobody has asked for.
        """
        return Grant(session_id=owner.session_id, workspace_id=owner.workspace_id)

    @property
    def is_open(self) -> bool:
        """Whether it is the access of an open session, or of no session at all."""
        return (
            not self.user_id
            and not self.link_id
            and self.role is None
            and self.scopes is None
            and not self.administrator
        )

    @property
    def own_role(self) -> Role | None:
        """The role in the active workspace. None without a workspace or a membership."""
        if not self.session_id or not self.workspace_id:
            return None
        return Role.MANAGER if self.is_open else self.role


@dataclass(frozen=True, kw_only=True)
class Identity(Grant):
    """The caller of the current request.

    `session_id` and `workspace_id` are empty when a service acts for no session. `service` is empty
    when a session calls directly. `token` is empty unless the caller sent one. `client_address` and
    `request_digest` are what a service has signed (see `common.signing`), empty for other callers.
    """

    service: str = ""
    token: str = field(default="", repr=False)
    client_address: str = field(default="", repr=False, compare=False)
    request_digest: str = field(default="", repr=False, compare=False)

    @classmethod
    def holding(
        cls,
        grant: Grant,
        *,
        service: str = "",
        token: str = "",
        client_address: str = "",
        request_digest: str = "",
    ) -> "Identity":
        """Return a caller with this access."""
        return Identity(
            **vars(Grant.copy(grant)),
            service=service,
            token=token,
            client_address=client_address,
            request_digest=request_digest,
        )

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The effective workspaces: those with any rights of the caller."""
        return (self.workspace_id,) if self.own_role is not None else ()


_current: contextvars.ContextVar[Identity | None] = contextvars.ContextVar("identity", default=None)


def current() -> Identity:
    """Return the caller of the current request.

    Raises:
        AuthenticationError: no caller has been established.
    """
    identity = _current.get()
    if identity is None:
        raise AuthenticationError("Authentication is required.")
    return identity


def current_or_none() -> Identity | None:
    """Return the caller, or None outside a request."""
    return _current.get()


def use(identity: Identity | None) -> contextvars.Token[Identity | None]:
    """Make this the caller in the current context. Pass the result to `reset`."""
    return _current.set(identity)


def reset(token: contextvars.Token[Identity | None]) -> None:
    """Undo `use`."""
    _current.reset(token)


def session_id() -> str:
    """Return the id of the calling session.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
    """
    identity = current()
    if not identity.session_id:
        raise AuthenticationError("A session is required.")
    return identity.session_id


def hash_token(token: str) -> str:
    """Return the SHA-256 of a session token. Tokens are stored and published only in this form."""
    return hashlib.sha256(token.encode()).hexdigest()
