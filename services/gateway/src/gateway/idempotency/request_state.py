"""What the middleware of idempotency keys and the endpoints tell each other about a request."""

from starlette.requests import Request

REQUEST_ID = "idempotent_request_id"
CONTENT = "idempotent_content"


def request_id_of(request: Request) -> str:
    """Return the idempotency key for calls of services (a dependency of the handlers).

    It is empty without a key of the client. The same request has the same one, however often it is
    sent.
    """
    found: str = request.scope.get("state", {}).get(REQUEST_ID, "")
    return found


def note_content(request: Request, content: str) -> None:
    """Note the content of a request, to compare its repetitions with."""
    request.scope.setdefault("state", {})[CONTENT] = content
