"""Errors as HTTP responses, and the only mapping from errors to statuses."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from common import errors, logging
from common.rate_limits import RateLimitedError
from gateway.web.envelope import ErrorBody, ErrorEnvelope
from gateway.web.missing_chunks import MissingChunksError
from gateway.web.preconditions import PreconditionRequiredError
from gateway.web.ranges import RangeNotSatisfiableError
from gateway.web.unknown_names import UNKNOWN_FIELD

_log = logging.get(__name__)
#: Status of the tus protocol for bytes with another checksum.
CHECKSUM_MISMATCH = 460
_STATUS: dict[type[errors.ApplicationError], int] = {
    errors.ApplicationError: 500,
    errors.ValidationError: 400,
    errors.AuthenticationError: 401,
    errors.AuthorizationError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.LockedError: 423,
    errors.ChecksumError: CHECKSUM_MISMATCH,
    errors.FileUploadError: 400,
    errors.FileTooLargeError: 413,
    errors.AudioProcessingError: 400,
    errors.SpeakerError: 400,
    errors.ResourceExhaustedError: 503,
    RangeNotSatisfiableError: 416,
    PreconditionRequiredError: 428,
    RateLimitedError: 429,
    errors.UnavailableError: 503,
    errors.TimedOutError: 503,
    errors.UnimplementedError: 501,
}
_HTTP_CODES = {
    400: "VALIDATION_ERROR",
    401: "AUTHENTICATION_ERROR",
    403: "AUTHORIZATION_ERROR",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "FILE_UPLOAD_ERROR",
}
_HTTP_MESSAGES = {
    404: "There is nothing at this path.",
    405: "This method is not allowed for this path.",
}
_RETRY_SECONDS = {
    "RESOURCE_EXHAUSTED": 30,
    "SERVICE_UNAVAILABLE": 5,
    "DEADLINE_EXCEEDED": 5,
    "LOCKED": 2,
}
_BODIES = {
    "extra_forbidden": "There is no such field",
    "model_type": "Input should be an object",
    "model_attributes_type": "Input should be an object",
    "union_tag_not_found": "Input should have a type",
    "union_tag_invalid": "Input should have one of the documented types",
}
_LONGEST_VALUE = 100
_HIDDEN = "An internal error occurred. The service log has the details."


def status_of(error: errors.ApplicationError) -> int:
    """Return the HTTP status of an error, from its nearest class with a status."""
    for kind in type(error).__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    raise AssertionError("the root of the tree has a status")


def problem(error: errors.ApplicationError) -> Response:
    """Return the response to an error."""
    status = status_of(error)
    return failure(
        status,
        error.code,
        error.message if error.code != errors.ApplicationError.code else _HIDDEN,
        _details(error),
        headers=_headers(error),
    )


def failure(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response in the error envelope."""
    body = ErrorEnvelope(
        error=ErrorBody(code=code, message=_clean(message), details=_clean_all(details or {}))
    )
    return Response(
        body.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers=dict(headers or {}),
    )


def unexpected() -> Response:
    """Return the response to an unexpected exception, without internal details."""
    return failure(500, errors.ApplicationError.code, _HIDDEN)


async def reject(
    scope: Scope, receive: Receive, send: Send, error: errors.ApplicationError
) -> None:
    """Answer an HTTP request or a WebSocket handshake with the response to an error."""
    response = problem(error)
    if scope["type"] == "websocket":
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await response(scope, receive, send)


class UnexpectedErrors:
    """Turns unexpected exceptions into error responses.

    It sits inside the middleware adding headers, so that these responses have them too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. An exception after the response has started is raised again."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            raise
        except Exception as error:
            if begun:
                raise
            _log.error("request failed unexpectedly", exc_info=error)
            await unexpected()(scope, receive, send)


async def on_application_error(_request: Request, error: Exception) -> Response:
    """Handle exceptions of the `common.errors` tree."""
    assert isinstance(error, errors.ApplicationError)
    return answer_to(error)


def answer_to(error: errors.ApplicationError) -> Response:
    """Return the response to an error of a handler, and log failures of the system."""
    if status_of(error) >= 500:
        _log.warning("request failed", code=error.code, reason=error.message)
    return problem(error)


async def on_invalid_request(_request: Request, error: Exception) -> Response:
    """Handle invalid parameters and bodies."""
    assert isinstance(error, RequestValidationError)
    return failure(400, errors.ValidationError.code, *_explained(error.errors()))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Handle errors of the framework: unknown paths, unsupported methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return method_not_allowed(_allowed(request))
    code = _HTTP_CODES.get(error.status_code, errors.ApplicationError.code)
    message = _HTTP_MESSAGES.get(error.status_code, str(error.detail))
    details = {"field": "body"} if error.status_code == 400 else {}
    return failure(error.status_code, code, message, details, headers=error.headers)


def method_not_allowed(allowed: Iterable[str]) -> Response:
    """Return the response to a method not supported by the path."""
    headers = {"Allow": ", ".join(sorted(allowed))}
    return failure(405, _HTTP_CODES[405], _HTTP_MESSAGES[405], headers=headers)


def _details(error: errors.ApplicationError) -> dict[str, Any]:
    details: dict[str, Any] = dict(error.details)
    if isinstance(error, RateLimitedError):
        details["limit"] = error.limit
    if isinstance(error, MissingChunksError):
        details["missing"] = error.numbers
    return details


def _headers(error: errors.ApplicationError) -> dict[str, str]:
    if isinstance(error, errors.AuthenticationError):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, RangeNotSatisfiableError):
        return {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{error.size}"}
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after_seconds)}
    if error.code in _RETRY_SECONDS:
        told = error.details.get("retry_after_seconds", "")
        return {"Retry-After": told if told.isdigit() else str(_RETRY_SECONDS[error.code])}
    return {}


def _explained(problems: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return the message and the details of the first problem."""
    first = problems[0]
    where = [str(part) for part in first["loc"][1:]]
    details: dict[str, Any]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON.", {"field": "body"}
    if first["type"] == UNKNOWN_FIELD:
        found = first["ctx"]
        details = {**found, "field": ".".join([*where, found["field"]])}
        return details.pop("message"), details
    if not where and isinstance(first.get("input"), bytes):
        return "Send JSON with 'Content-Type: application/json'.", {"field": "body"}
    details = {"field": ".".join(where) or "body"}
    value = first.get("input")
    if isinstance(value, str):
        details["value"] = value[:_LONGEST_VALUE]
    elif isinstance(value, bool | int | float) and abs(value) < 1e15:
        details["value"] = value
    message = _worded(first).removeprefix("Value error, ").removesuffix(".")
    return f"{message}.", details


def _worded(problem: Mapping[str, Any]) -> str:
    """Return the message of the framework, or one in words of the API where it has none."""
    kind, limits = problem["type"], problem.get("ctx", {})
    if kind in _BODIES:
        return _BODIES[kind]
    if isinstance(problem.get("input"), str) and kind == "too_long":
        return f"String should have at most {_characters(limits['max_length'])}"
    if isinstance(problem.get("input"), str) and kind == "too_short":
        return f"String should have at least {_characters(limits['min_length'])}"
    return str(problem["msg"])


def _characters(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"


def _allowed(request: Request) -> set[str]:
    """Return the methods of all routes matching the path."""
    path = request.scope["path"]
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(path)
        for method in route.methods or ()
    }


def _clean_all(details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _clean(key): _clean(value) if isinstance(value, str) else value
        for key, value in details.items()
    }


def _clean(text: str) -> str:
    # Text echoed from the caller may contain lone surrogates, which cannot be encoded in UTF-8.
    return text.encode("utf-8", "replace").decode()
