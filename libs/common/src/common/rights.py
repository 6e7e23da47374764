"""Who may do what: the only place that decides it.

Everything belongs to a workspace. Today the session of a workspace has every right in it, and none
in others. Services select rows by the workspace that `workspace` returns, so that resources of
others are never found.
"""

import enum

from common import identity
from common.errors import AuthenticationError
from common.identity import Identity


class Right(enum.Enum):
    """What a caller wants to do with the things of a workspace."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


def workspace(right: Right) -> str:
    """Return the workspace in which the current caller has this right.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
    """
    return caller(right).workspace_id


def caller(right: Right) -> Identity:
    """Return the current caller, who has this right in the caller's own workspace.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
    """
    found = identity.current()
    if not found.session_id or not allows(found, right, found.workspace_id):
        raise AuthenticationError("A session is required.")
    return found


def allows(identified: Identity, _right: Right, workspace_id: str) -> bool:
    """Return whether a caller has a right in a workspace."""
    return bool(workspace_id) and workspace_id in identified.workspaces
