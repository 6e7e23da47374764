"""What can go wrong when the API is called."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API refused a request.

    `code` is one of the documented error codes, `status` the HTTP status, `details` what a program
    may want to read, for example the field that was wrong.
    """

    def __init__(self, *, status: int, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details)


class ConnectionFailedError(Exception):
    """The API could not be reached, or the connection broke."""
