"""Protection of profiles from callers that did not teach them."""

from collections.abc import Sequence

from common.errors import AuthorizationError
from common.identity import Identity
from common.postgres import Connection
from speakers.store.protection import Protection

_REFUSED = (
    "This system protects speakers. Only what your own recordings taught can be deleted, merged "
    "or split."
)


class ProfileGuard:
    """Decides whether a caller may delete, merge or split a profile.

    Without `protects`, everybody may. People with an account and services always may.
    """

    def __init__(self, *, protects: bool) -> None:
        self._protects = protects

    def only_of(self, caller: Identity) -> str | None:
        """Return the workspace to limit the caller to, None for no limit."""
        limited = self._protects and bool(caller.session_id) and not caller.user_id
        return caller.workspace_id if limited else None

    async def check(
        self,
        connection: Connection,
        caller: Identity,
        profile_ids: Sequence[int],
        observation_ids: Sequence[int] = (),
    ) -> None:
        """Check that the caller's workspace taught all of these profiles and observations.

        Raises:
            AuthorizationError: Others did.
        """
        workspace_id = self.only_of(caller)
        if workspace_id is None:
            return
        protection = Protection(connection, workspace_id)
        if await protection.foreign_profiles(profile_ids) or await protection.foreign_observations(
            observation_ids
        ):
            raise AuthorizationError(_REFUSED)
