"""Identity of callers: sessions with a token, and services that sign their calls."""

import contextvars
import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from common.errors import AuthenticationError


class Owner(Protocol):
    """Anything that names a session and the workspace that it works in."""

    @property
    def session_id(self) -> str:
        """The session, empty when there is none."""
        ...

    @property
    def workspace_id(self) -> str:
        """The workspace, empty when there is none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Access that a session token gives: a session, and the workspace that owns its things."""

    session_id: str = ""
    workspace_id: str = ""

    @classmethod
    def of(cls, session_id: str, workspace_id: str = "") -> "Grant":
        """Return the access of a session. A workspace has the id of its first session."""
        return cls(session_id=session_id, workspace_id=workspace_id or session_id)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The caller of the current request.

    `session_id` and `workspace_id` are empty when a service acts for no session. `service` is empty
    when a session calls directly. `token` is empty unless the caller sent one. `client_address` and
    `request_digest` are what a service has signed (see `common.signing`), empty for other callers.
    """

    session_id: str = ""
    workspace_id: str = ""
    service: str = ""
    token: str = field(default="", repr=False)
    client_address: str = field(default="", repr=False, compare=False)
    request_digest: str = field(default="", repr=False, compare=False)

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The effective workspaces: those in which the caller has any rights."""
        return (self.workspace_id,) if self.workspace_id else ()


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
