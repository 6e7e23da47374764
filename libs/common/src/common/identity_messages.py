"""Callers in messages and in the metadata of signed calls."""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from common.errors import AuthenticationError
from common.identity import Caller, Grant, Role, Scope
from securetranscribe.v1 import identity_pb2, session_pb2

ROLES: Mapping[Role, identity_pb2.Role.ValueType] = MappingProxyType(
    {
        Role.VIEWER: identity_pb2.ROLE_VIEWER,
        Role.COMMENTER: identity_pb2.ROLE_COMMENTER,
        Role.EDITOR: identity_pb2.ROLE_EDITOR,
        Role.MANAGER: identity_pb2.ROLE_MANAGER,
    }
)
SCOPES: Mapping[Scope, identity_pb2.Scope.ValueType] = MappingProxyType(
    {
        Scope.READ: identity_pb2.SCOPE_READ,
        Scope.WRITE: identity_pb2.SCOPE_WRITE,
        Scope.EXPORT: identity_pb2.SCOPE_EXPORT,
        Scope.ADMIN: identity_pb2.SCOPE_ADMIN,
    }
)
_ROLE_OF = {value: role for role, value in ROLES.items()}
_SCOPE_OF = {value: scope for scope, value in SCOPES.items()}


def role_message(role: Role | None) -> identity_pb2.Role.ValueType:
    """Return a role as in messages."""
    return identity_pb2.ROLE_UNSPECIFIED if role is None else ROLES[role]


def role_of(value: int) -> Role | None:
    """Return the role of a message, None for an unspecified or unknown one."""
    return _ROLE_OF.get(identity_pb2.Role.ValueType(value)) if value else None


def scopes_of(values: Iterable[int]) -> frozenset[Scope]:
    """Return the scopes of a message. Unknown ones give nothing and are left out."""
    return frozenset(scope for value, scope in _SCOPE_OF.items() if value in set(values))


def grant_of(answer: session_pb2.AuthenticateSessionResponse) -> Grant:
    """Return the access in an answer of the gateway."""
    plain = not answer.user_id and not answer.link_id
    return Grant(
        session_id=answer.session_id,
        # A gateway of the version before names no workspace.
        workspace_id=answer.workspace_id or (answer.session_id if plain else ""),
        user_id=answer.user_id,
        role=role_of(answer.role),
        scopes=scopes_of(answer.scopes) if answer.scopes else None,
        link_id=answer.link_id,
        administrator=answer.administrator,
    )


def caller_text(caller: Caller) -> str:
    """Return a caller as one line of ASCII, for the metadata of a signed call."""
    fields = {
        "session": caller.session_id,
        "workspace": caller.workspace_id,
        "user": caller.user_id,
        "role": "" if caller.role is None else caller.role.word,
        "scopes": None if caller.scopes is None else sorted(one.value for one in caller.scopes),
        "link": caller.link_id,
        "administrator": caller.administrator,
    }
    said = {name: value for name, value in fields.items() if value or value == []}
    return json.dumps(said, separators=(",", ":"))


def caller_of(text: str) -> Grant:
    """Return the caller of `caller_text`.

    Raises:
        AuthenticationError: the text is malformed.
    """
    try:
        said = json.loads(text)
        role, scopes = _text(said, "role"), said.get("scopes")
        return Grant(
            session_id=_text(said, "session"),
            workspace_id=_text(said, "workspace"),
            user_id=_text(said, "user"),
            role=Role.of(role) if role else None,
            scopes=None if scopes is None else frozenset(Scope(one) for one in scopes),
            link_id=_text(said, "link"),
            administrator=said.get("administrator", False) is True,
        )
    except (ValueError, AttributeError, TypeError) as error:
        raise AuthenticationError("The caller of the signed call cannot be read.") from error


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value
