"""Administrators: people who sign in as such, and callers with a secret of the deployment."""

import hmac
from typing import Any

from common import identity, rights
from common.errors import AuthorizationError

ADMIN_HEADER = "x-admin-token"


class Administrators:
    """Callers who send the value of ADMIN_TOKEN, unless it is empty, and signed-in administrators.

    Access tokens of administrators need the scope `admin`.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def include(self, context: Any) -> bool:
        """Return whether the caller of a gRPC call is an administrator."""
        caller = identity.current_or_none()
        if caller is not None and rights.administers(caller):
            return True
        sent = [
            value if isinstance(value, bytes) else str(value).encode()
            for name, value in context.invocation_metadata() or ()
            if name == ADMIN_HEADER
        ]
        return bool(self._token) and any(hmac.compare_digest(value, self._token) for value in sent)

    def require(self, context: Any, action: str) -> None:
        """Refuse other callers. `action` is the subject of the message, such as `This method`.

        Raises:
            AuthorizationError: the caller is not an administrator.
        """
        if not self.include(context):
            raise AuthorizationError(
                f"{action} needs an administrator who signs in, or the token of administrators, "
                f"sent as '{ADMIN_HEADER}'."
            )
