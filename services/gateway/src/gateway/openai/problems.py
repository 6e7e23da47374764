"""Errors in the shape of OpenAI's API."""

import json

from starlette.responses import Response

from common import errors
from gateway.openai.catalog import ModelNotFoundError
from gateway.web import problems

_INVALID = "invalid_request_error"
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES: dict[int, str | None] = {
    400: None,
    401: "invalid_api_key",
    404: "not_found",
    413: "file_too_large",
    429: "rate_limit_exceeded",
    503: "service_unavailable",
}


def problem(error: errors.ApplicationError) -> Response:
    """Return the response to an error. Status and headers are those of the JSON API."""
    answer = problems.problem(error)
    headers = {
        name: answer.headers[name]
        for name in ("retry-after", "www-authenticate")
        if name in answer.headers
    }
    return Response(
        json.dumps({"error": described(error)}),
        status_code=answer.status_code,
        media_type="application/json",
        headers=headers,
    )


def described(error: errors.ApplicationError) -> dict[str, str | None]:
    """Return the error object of an error."""
    status = problems.status_of(error)
    code = "model_not_found" if isinstance(error, ModelNotFoundError) else _CODES.get(status)
    return {
        "message": json.loads(bytes(problems.problem(error).body))["error"]["message"],
        "type": "server_error" if status >= 500 else _TYPES.get(status, _INVALID),
        "param": error.details.get("field"),
        "code": code,
    }
