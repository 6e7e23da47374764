"""Who may ask for which priority."""

from typing import Any

from common.admin import Administrators
from transcriber.domain.options import DEFAULT_PRIORITY


class PriorityRule:
    """Rule that only administrators can have jobs go before those of others.

    Fair share between callers only holds among jobs of the same priority.
    """

    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    def check(self, priority: int, context: Any) -> None:
        """Check that the caller of a gRPC call may ask for a priority.

        Raises:
            AuthorizationError: it is above the default, and the caller is not an administrator.
        """
        if priority > DEFAULT_PRIORITY:
            self._administrators.require(context, f"A priority above {DEFAULT_PRIORITY}")
