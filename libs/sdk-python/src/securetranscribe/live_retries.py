"""Pauses between connections of a live session, and the errors after which there are no more."""

import random
from collections.abc import Mapping

import httpx2
from websockets.exceptions import InvalidStatus

from securetranscribe.errors import BY_CODE, ApiError
from securetranscribe.exchange import error_of
from securetranscribe.steps import Data

#: Statuses of close codes after which another attempt would fail, too.
_FINAL: Mapping[int, int] = {1008: 400, 1009: 413, 4401: 401, 4409: 423}
_RESTARTS, _BUSY = 1012, 1013
_FIRST_PAUSE, _BUSY_PAUSE, _LONGEST_PAUSE = 0.5, 5.0, 10.0
#: Pauses have doubled often enough by then.
_MOST_DOUBLED = 10
#: The first of the statuses that may pass.
_TOO_MANY = 429


class Retries:
    """State of the attempts to connect."""

    def __init__(self) -> None:
        #: Error that the server has sent before it closes the connection.
        self.reported: Data | None = None
        self._failures = 0

    def served(self) -> None:
        """Begin with short pauses again."""
        self.reported = None
        self._failures = 0

    def after_loss(self, code: int) -> float:
        """Return the seconds until the next attempt.

        Raises:
            ApiError: another attempt would fail, too.
        """
        if code in _FINAL:
            raise self._error(code)
        self._failures += 1
        if code == _RESTARTS and self._failures == 1:
            return 0.0
        growing: float = _FIRST_PAUSE * 2 ** min(self._failures - 1, _MOST_DOUBLED)
        least = _BUSY_PAUSE if code == _BUSY else 0.0
        # Clients that lost the same server come back at different times.
        spread = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        return min(_LONGEST_PAUSE, max(growing, least)) * spread

    def after_refusal(self, refused: InvalidStatus) -> float:
        """Return the seconds until the next attempt after a refused handshake.

        Raises:
            ApiError: another attempt would fail, too.
        """
        response = refused.response
        error = error_of(
            httpx2.Response(
                response.status_code,
                headers=list(response.headers.raw_items()),
                content=bytes(response.body or b""),
            )
        )
        if error.status < _TOO_MANY:
            raise error from refused
        return max(error.retry_after or 0.0, self.after_loss(0))

    def _error(self, code: int) -> ApiError:
        reported = self.reported or {
            "code": "UNKNOWN",
            "message": f"The server ended the session with code {code}.",
            "details": {},
        }
        kind = BY_CODE.get(reported["code"], ApiError)
        return kind(status=_FINAL[code], **reported)
