"""Exceptions raised by the client."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """The API rejected a request.

    Attributes:
        status: HTTP status.
        code: Documented error code, or `HTTP_ERROR` for a response not from the API.
        message: Explanation for people.
        details: Machine-readable facts, such as the name of the invalid field.
    """

    def __init__(self, *, status: int, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details)


class ConnectionFailedError(Exception):
    """The API is unreachable, or the connection broke before the response arrived."""
