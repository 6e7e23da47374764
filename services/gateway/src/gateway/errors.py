"""What only the edge can refuse."""

import datetime as dt

from common.errors import ResourceExhaustedError


class RateLimitedError(ResourceExhaustedError):
    """The caller has used up its requests for the moment.

    `limit` is the number of requests in a window, `reset_at` the moment when the next one is free.
    """

    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, *, limit: int, reset_at: dt.datetime) -> None:
        super().__init__(
            "Rate limit exceeded. Please try again later.",
            {"limit": str(limit), "reset_time": reset_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )
        self.limit = limit
        self.reset_at = reset_at
