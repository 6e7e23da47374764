"""Pools of profiles: who shares which profiles."""

from common.errors import AuthenticationError, UnavailableError
from common.identity import Grant, Owner

#: The pool of the deployment, which all open sessions share.
DEPLOYMENT = ""


class Pools:
    """Decides which pool a caller uses: that of the deployment, or that of the own workspace."""

    def __init__(self, *, per_workspace: bool) -> None:
        self._per_workspace = per_workspace

    def of(self, owner: Owner) -> str:
        """Return the pool of a caller, or of the owner of a recording.

        Raises:
            AuthenticationError: There is no workspace, where every workspace has its own pool.
            UnavailableError: Somebody has signed in, and this service does not know of accounts.
        """
        if not self._per_workspace:
            if isinstance(owner, Grant) and owner.user_id:
                # Otherwise, members of all workspaces would share their voices.
                raise UnavailableError(
                    "People sign in here, and the speakers service runs with AUTH_MODE=open. "
                    "Administrators have to set AUTH_MODE=accounts for it too."
                )
            return DEPLOYMENT
        if not owner.workspace_id:
            raise AuthenticationError("A session with a workspace is required.")
        return owner.workspace_id
