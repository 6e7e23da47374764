"""Errors have a status and the documented envelope, without internal details."""

import datetime as dt
import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from common import errors
from common.rate_limits import RateLimitedError
from gateway.web import problems
from gateway.web.security_headers import SecurityHeaders
from tests.unit.gateway.asgi import Inner, call, scope_of

DOCUMENTED = {
    "VALIDATION_ERROR": 400,
    "AUTHENTICATION_ERROR": 401,
    "AUTHORIZATION_ERROR": 403,
    "FILE_UPLOAD_ERROR": 400,
    "AUDIO_PROCESSING_ERROR": 400,
    "TRANSCRIPTION_ERROR": 500,
    "DIARIZATION_ERROR": 500,
    "SPEAKER_ERROR": 400,
    "EXPORT_ERROR": 500,
    "QUEUE_ERROR": 500,
    "RESOURCE_EXHAUSTED": 503,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "LOCKED": 423,
    "CHECKSUM_MISMATCH": 460,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 503,
    "NOT_IMPLEMENTED": 501,
}
RESET = dt.datetime(2024, 1, 1, 12, 1, tzinfo=dt.UTC)


def body(response: Any) -> dict[str, Any]:
    parsed = json.loads(response.body)
    assert parsed.keys() == {"success", "error", "timestamp"}
    assert parsed["success"] is False
    assert parsed["error"].keys() == {"code", "message", "details"}
    return parsed["error"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "kind",
    # Only classes that cross the wire. Classes derived by libraries or other tests arrive as these.
    [
        kind
        for kind in errors.tree()
        if kind.__module__ == errors.__name__ and not issubclass(kind, RateLimitedError)
    ],
    ids=lambda kind: kind.__name__,
)
def test_each_error_class_has_its_documented_status(kind: type[errors.ApplicationError]) -> None:
    error = kind("What happened.", {"field": "x"})
    response = problems.problem(error)
    expected = 413 if kind is errors.FileTooLargeError else DOCUMENTED[error.code]
    assert response.status_code == expected
    said = body(response)
    assert said["code"] == error.code
    assert said["details"] == {"field": "x"}
    assert (said["message"] == "What happened.") is (kind is not errors.ApplicationError)


def test_a_subclass_without_a_status_inherits_it() -> None:
    class Other(errors.SpeakerError):
        pass

    assert problems.status_of(Other("x")) == 400


def test_a_rate_limit_error_has_the_documented_body() -> None:
    response = problems.problem(RateLimitedError.of(limit=60, reset_at=RESET))
    assert response.status_code == 429
    assert body(response) == {
        "code": "RATE_LIMIT_EXCEEDED",
        "message": "Rate limit exceeded. Please try again later.",
        "details": {"limit": 60, "reset_time": "2024-01-01T12:01:00Z"},
    }
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.ResourceExhaustedError("full"), "30"),
        (errors.ResourceExhaustedError("full", {"retry_after_seconds": "42"}), "42"),
        (errors.ResourceExhaustedError("full", {"retry_after_seconds": "soon"}), "30"),
        (errors.UnavailableError("away"), "5"),
        (errors.TimedOutError("late"), "5"),
    ],
)
def test_temporary_errors_have_retry_after(error: errors.ApplicationError, seconds: str) -> None:
    assert problems.problem(error).headers["retry-after"] == seconds


def test_authentication_errors_name_the_scheme() -> None:
    response = problems.problem(errors.AuthenticationError("no"))
    assert response.headers["www-authenticate"] == "Bearer"


def test_details_of_unexpected_errors_are_hidden() -> None:
    assert body(problems.unexpected())["code"] == "INTERNAL_ERROR"


def test_lone_surrogates_are_replaced() -> None:
    error = errors.ValidationError("half \ud83c", {"fi\udfffeld": "\ud800"})
    said = body(problems.problem(error))
    assert said["message"] == "half ?"
    assert said["details"] == {"fi?eld": "?"}


@pytest.mark.parametrize(
    ("problem", "message", "details"),
    [
        (
            {"type": "int_parsing", "loc": ("path", "id"), "msg": "Not a number", "input": "abc"},
            "Not a number.",
            {"field": "id", "value": "abc"},
        ),
        (
            {"type": "x", "loc": ("body", "a", "b"), "msg": "Value error, Wrong.", "input": 3},
            "Wrong.",
            {"field": "a.b", "value": 3},
        ),
        (
            {"type": "json_invalid", "loc": ("body", 7), "msg": "JSON decode error", "input": {}},
            "The body is not valid JSON.",
            {"field": "body"},
        ),
        (
            {"type": "dict_type", "loc": ("body",), "msg": "Not a dict", "input": b"bytes"},
            "Send JSON with 'Content-Type: application/json'.",
            {"field": "body"},
        ),
        (
            {"type": "missing", "loc": ("body",), "msg": "Field required", "input": None},
            "Field required.",
            {"field": "body"},
        ),
        (
            {"type": "x", "loc": ("query", "q"), "msg": "Too long", "input": "y" * 500},
            "Too long.",
            {"field": "q", "value": "y" * 100},
        ),
        (
            {
                "type": "too_long",
                "loc": ("query", "q"),
                "msg": "Value should have at most 2 items after validation, not 3",
                "input": "abc",
                "ctx": {"max_length": 2},
            },
            "String should have at most 2 characters.",
            {"field": "q", "value": "abc"},
        ),
        (
            {
                "type": "too_short",
                "loc": ("body", "text"),
                "msg": "Value should have at least 1 item after validation, not 0",
                "input": "",
                "ctx": {"min_length": 1},
            },
            "String should have at least 1 character.",
            {"field": "text", "value": ""},
        ),
        (
            {
                "type": "union_tag_invalid",
                "loc": ("body", "operations", 0),
                "msg": "Input tag 'x' found using 'type' does not match any of the expected tags",
                "input": {"type": "x"},
            },
            "Input should have one of the documented types.",
            {"field": "operations.0"},
        ),
        (
            {"type": "x", "loc": ("body", "n"), "msg": "Too large", "input": 10**400},
            "Too large.",
            {"field": "n"},
        ),
    ],
)
async def test_invalid_requests_name_the_field(
    problem: dict[str, Any], message: str, details: dict[str, Any]
) -> None:
    response = await problems.on_invalid_request(
        Request(scope_of()), RequestValidationError([problem])
    )
    assert response.status_code == 400
    said = body(response)
    assert (said["code"], said["message"]) == ("VALIDATION_ERROR", message)
    assert said["details"] == details


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "VALIDATION_ERROR"), (404, "NOT_FOUND"), (418, "INTERNAL_ERROR")],
)
async def test_framework_errors_use_the_error_envelope(status: int, code: str) -> None:
    response = await problems.on_http_error(Request(scope_of()), HTTPException(status, "Why"))
    assert response.status_code == status
    assert body(response)["code"] == code


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("a secret of the inside")


async def test_an_unexpected_exception_becomes_an_error_envelope() -> None:
    answer = await call(problems.UnexpectedErrors(broken), scope_of())
    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "INTERNAL_ERROR"
    assert b"secret" not in answer.body


async def test_the_error_response_has_the_usual_headers() -> None:
    answer = await call(
        SecurityHeaders(problems.UnexpectedErrors(broken), https_only=False), scope_of()
    )
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_started_response_is_not_replaced() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("too late")

    with pytest.raises(RuntimeError):
        await call(problems.UnexpectedErrors(half), scope_of())


async def test_a_disconnected_client_gets_no_response() -> None:
    async def left(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await call(problems.UnexpectedErrors(left), scope_of())


async def test_other_scopes_pass() -> None:
    inner = Inner()
    assert (await call(problems.UnexpectedErrors(inner), scope_of())).body == b"inner"
    await call(problems.UnexpectedErrors(inner), scope_of(kind="websocket"))
    assert [scope["type"] for scope in inner.scopes] == ["http", "websocket"]
