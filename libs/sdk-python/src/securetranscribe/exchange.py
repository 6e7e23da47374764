"""Requests with their repetitions, and the errors of responses."""

import datetime as dt
import email.utils
import json
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from securetranscribe.errors import BY_CODE, ApiError, ConnectionFailedError
from securetranscribe.steps import Attempt, Flow, Pause, Request

#: Seconds that a call waits at most before it is sent again. Longer waits are left to the caller.
LONGEST_PAUSE = 60.0
_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
_PASSING = frozenset({429, 503})
_CONFLICT = 409
#: Paths that are not below that of the API.
_OUTSIDE = ("/health", "/openapi.json")
_KEY_HEADER = "Idempotency-Key"


def exchange(request: Request, retries: int) -> Flow[httpx2.Response]:
    """Send a request, up to `retries` times again. Return the response.

    Reads and replacements are repeated as they are. Other requests carry an idempotency key, under
    which the server executes them once, so that a repeated deletion has not lost its target.

    Raises:
        ApiError: The API rejected the request.
        ConnectionFailedError: The API is unreachable.
    """
    headers = dict(request.parts.headers)
    if request.parts.retries and request.method not in _REPEATABLE:
        headers.setdefault(_KEY_HEADER, uuid.uuid4().hex)
    for attempt in range(retries + 1):
        try:
            response: httpx2.Response = yield Attempt(request=request, headers=headers)
            if not response.is_error:
                return response
            raise error_of(response)
        except (ApiError, ConnectionFailedError) as error:
            pause = _pause(error, attempt)
            if attempt == retries or pause is None or not _may_repeat(request, error):
                raise
        yield Pause(seconds=pause)
    raise AssertionError("The last attempt returns or raises.")


def arguments_of(attempt: Attempt, *, base_url: str, token: str | None) -> dict[str, Any]:
    """Return the arguments of `httpx2.Client.request`."""
    parts = attempt.request.parts
    optional = {
        "params": parts.query or None,
        "json": parts.json,
        "data": parts.form,
        "files": parts.files or None,
        "content": parts.content,
    }
    given = {name: value for name, value in optional.items() if value is not None}
    credentials = {"Authorization": f"Bearer {token}"} if token else {}
    path = attempt.request.path
    base = base_url.removesuffix("/api") if path.startswith(_OUTSIDE) else base_url
    return {
        "method": attempt.request.method,
        "url": base + path,
        "headers": {**credentials, **attempt.headers},
        **given,
    }


@contextmanager
def connection_errors(base_url: str) -> Iterator[None]:
    """Replace errors of the network by one that names the address."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise ConnectionFailedError(
            f"{base_url} did not respond in time. Check that the server is running, and try again."
        ) from error
    except httpx2.TransportError as error:
        raise ConnectionFailedError(
            f"Cannot reach {base_url}: {error}. Check the URL and that the server is running."
        ) from error


def error_of(response: httpx2.Response) -> ApiError:
    """Return the error that a response describes."""
    known: dict[str, Any] = {
        "status": response.status_code,
        "retry_after": _retry_after(response.headers.get("retry-after")),
        "request_id": response.headers.get("x-request-id"),
    }
    try:
        error = response.json()["error"]
        kind = BY_CODE.get(error["code"], ApiError)
        return kind(
            code=error["code"],
            message=error["message"],
            details=error.get("details") or {},
            **known,
        )
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return ApiError(
            code="HTTP_ERROR",
            message=(
                f"The response (HTTP {response.status_code}) is not from the SecureTranscribe API. "
                "Check that the URL ends in /api, and any proxy in between."
            ),
            details={},
            **known,
        )


def _may_repeat(request: Request, error: Exception) -> bool:
    parts = request.parts
    # A part of a broken download may have been written already.
    broken = isinstance(error, ConnectionFailedError) and parts.sink is not None
    # A stream has no beginning to send again.
    stream = not all(file.seekable() for _, file in parts.files.values())
    return parts.retries and not broken and not stream


def _pause(error: ApiError | ConnectionFailedError, attempt: int) -> float | None:
    """Return the seconds until the next attempt, None if there should be none."""
    # Clients that lost the same server come back at different times.
    pause: float = 2**attempt * (0.5 + random.random() / 2)  # noqa: S311 - no secret
    if isinstance(error, ApiError):
        # A repetition may arrive while the first attempt is still carried out.
        in_progress = error.status == _CONFLICT and error.retry_after is not None
        if error.status not in _PASSING and not in_progress:
            return None
        pause = error.retry_after if error.retry_after is not None else pause
    return pause if pause <= LONGEST_PAUSE else None


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a header that has seconds or a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        # As -0000 is read.
        date = date.replace(tzinfo=dt.UTC)
    return max(0.0, (date - dt.datetime.now(dt.UTC)).total_seconds())
