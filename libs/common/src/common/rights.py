"""Who may do what: the only place that decides it.

Everything belongs to a workspace, and a caller has one active workspace. The caller's role there,
and the scopes of an access token, decide what the caller may do in it. Services select rows by the
workspace that `workspace` returns, so that resources of others are never found. A shared resource
has a role of its own, which `require` compares with what the caller wants.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from common import identity
from common.errors import AuthenticationError, AuthorizationError
from common.identity import Grant, Identity, Role, Scope


class Right(enum.Enum):
    """What a caller wants to do with the things of a workspace."""

    READ = "read"
    EXPORT = "export"
    COMMENT = "comment"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    """Into the trash too."""
    MANAGE = "manage"
    """Members, tokens of others, retention, the audit log, deleting the workspace."""


#: The least role that has a right.
LEAST_ROLE: Mapping[Right, Role] = MappingProxyType(
    {
        Right.READ: Role.VIEWER,
        Right.EXPORT: Role.VIEWER,
        Right.COMMENT: Role.COMMENTER,
        Right.CREATE: Role.EDITOR,
        Right.CHANGE: Role.EDITOR,
        Right.DELETE: Role.EDITOR,
        Right.MANAGE: Role.MANAGER,
    }
)
#: The scope that an access token needs for a right.
NEEDED_SCOPE: Mapping[Right, Scope] = MappingProxyType(
    {
        Right.READ: Scope.READ,
        Right.EXPORT: Scope.EXPORT,
        Right.COMMENT: Scope.WRITE,
        Right.CREATE: Scope.WRITE,
        Right.CHANGE: Scope.WRITE,
        Right.DELETE: Scope.WRITE,
        Right.MANAGE: Scope.ADMIN,
    }
)
#: What a caller without a right is told that they want.
_DEEDS: Mapping[Right, str] = MappingProxyType(
    {
        Right.READ: "Reading this",
        Right.EXPORT: "Exporting this",
        Right.COMMENT: "Writing notes here",
        Right.CREATE: "Creating this",
        Right.CHANGE: "Changing this",
        Right.DELETE: "Deleting this",
        Right.MANAGE: "Managing this",
    }
)


def workspace(right: Right) -> str:
    """Return the workspace in which the current caller has this right.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
        AuthorizationError: the caller does not have the right.
    """
    return caller(right).workspace_id


def caller(right: Right) -> Identity:
    """Return the current caller, who has this right in the caller's active workspace.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
        AuthorizationError: the caller does not have the right.
    """
    found = identity.current()
    if not found.session_id or not (found.workspace_id or found.link_id):
        raise AuthenticationError("A session is required.")
    require(found, found.own_role, right)
    return found


def allows(grant: Grant, right: Right, workspace_id: str) -> bool:
    """Return whether a caller has a right in a workspace."""
    if not workspace_id or workspace_id != grant.workspace_id:
        return False
    return permits(grant, grant.own_role, right)


def permits(grant: Grant, role: Role | None, right: Right) -> bool:
    """Return whether a caller who has a role somewhere has a right there.

    The role is that of the membership, or the one with which something was shared.
    """
    return role is not None and role >= LEAST_ROLE[right] and _in_scope(grant, right)


def require(grant: Grant, role: Role | None, right: Right) -> None:
    """Refuse a caller whose role somewhere, or whose access token, does not give a right.

    Raises:
        AuthorizationError: the message names the role or the scope that is needed.
    """
    least = LEAST_ROLE[right]
    if role is None:
        reason = "The link does not permit it" if grant.link_id else "You are not a member"
        raise AuthorizationError(
            f"{_DEEDS[right]} needs the role {least.word} in the workspace. {reason}.",
            {"role": least.word},
        )
    if role < least:
        raise AuthorizationError(
            f"{_DEEDS[right]} needs the role {least.word}. Yours is {role.word}.",
            {"role": least.word},
        )
    require_scope(grant, right)


def require_scope(grant: Grant, *any_of: Right) -> None:
    """Refuse an access token whose scopes give none of some rights.

    Raises:
        AuthorizationError: the message names the scope that is needed.
    """
    if not any(_in_scope(grant, right) for right in any_of):
        scope = NEEDED_SCOPE[any_of[0]].value
        raise AuthorizationError(
            f"{_DEEDS[any_of[0]]} needs an access token with the scope {scope}.", {"scope": scope}
        )


def administrator() -> Identity:
    """Return the current caller, who administers the deployment.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
        AuthorizationError: the caller is no administrator.
    """
    found = identity.current()
    if not found.session_id:
        raise AuthenticationError("A session is required.")
    if not administers(found):
        raise AuthorizationError("Only administrators of the deployment may do this.")
    return found


def administers(grant: Grant) -> bool:
    """Return whether a caller administers the deployment. Access tokens need the scope for it."""
    return bool(grant.user_id) and grant.administrator and _in_scope(grant, Right.MANAGE)


def _in_scope(grant: Grant, right: Right) -> bool:
    return grant.scopes is None or NEEDED_SCOPE[right] in grant.scopes
