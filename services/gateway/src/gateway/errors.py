"""Errors specific to the HTTP edge."""

import datetime as dt

from common.errors import ResourceExhaustedError


class RateLimitedError(ResourceExhaustedError):
    """The caller has exhausted its rate limit.

    `limit` is the number of requests per window, and `reset_at` the start of the next window.
    """

    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, *, limit: int, reset_at: dt.datetime) -> None:
        super().__init__(
            "Rate limit exceeded. Please try again later.",
            {"limit": str(limit), "reset_time": reset_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
        )
        self.limit = limit
        self.reset_at = reset_at
