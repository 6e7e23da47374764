"""Declarative endpoints, the source of routes and their documentation."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.idempotency.keyed_paths import PARAMETER, takes_key
from gateway.sessions.session import Session
from gateway.web.envelope import ErrorEnvelope
from gateway.web.problems import method_not_allowed
from gateway.web.strict_route import StrictRoute

#: Compares a request of a session with the content that an earlier one has noted.
IsSame = Callable[[Request, Session, str], Awaitable[bool]]
PREFIX = "/api"
VERSIONED_PREFIX = "/api/v1"
#: Errors of idempotency keys: the request is in progress, or the key is that of another one.
_OF_KEYS = (409, 422)
_EVERYWHERE = (400, 401, 403, 429, 500, 503)
_DESCRIPTIONS = {
    400: "Invalid parameter or body. `details.field` names it.",
    401: "The Bearer token is invalid or expired.",
    403: "Not allowed with these credentials.",
    404: "Not found, or owned by another session.",
    409: "Conflicts with the resource's current state, or with an existing resource.",
    412: "The version of the protocol in `Tus-Resumable` is not supported.",
    413: "The file exceeds the size limit.",
    415: "The `Content-Type` is not that of the protocol.",
    416: "The range begins after the end. `Content-Range` gives the size.",
    422: "The `Idempotency-Key` belongs to another request.",
    423: "Another request appends to the upload. `Retry-After` gives the seconds to wait.",
    428: "`If-Match` is required.",
    429: "Rate limit exceeded. `details.reset_time` is the time of the next allowed request.",
    460: "The bytes do not have the checksum in `Upload-Checksum`. None of them is kept.",
    500: "Internal error.",
    503: "A service is unavailable or at capacity. `Retry-After` gives the seconds to wait.",
}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method on one path below `/api`."""

    method: str
    path: str
    handler: Callable[..., Any]
    summary: str
    tag: str
    status: int = 200
    errors: tuple[int, ...] = ()
    """Error statuses in addition to those of every endpoint."""

    extra: Mapping[str, Any] | None = None
    """Additions to the operation in the OpenAPI document."""

    responses: Mapping[int | str, dict[str, Any]] = field(default_factory=dict)
    response_class: type[Response] | None = None
    """Set for responses other than JSON."""

    is_same: IsSame | None = None
    """Compares a repetition with the first request, for bodies that are not held."""

    open_query: bool = False
    """Whether others choose the query, so that unknown parameters are ignored."""

    def paths(self) -> tuple[str, str]:
        """Return the documented path and the path below the versioned prefix."""
        return f"{PREFIX}{self.path}", f"{VERSIONED_PREFIX}{self.path}"

    def add_to(self, app: FastAPI) -> None:
        """Register both routes. Only the unversioned one is documented."""
        options: dict[str, Any] = {}
        if self.response_class is not None:
            options = {"response_class": self.response_class, "response_model": None}
        keyed = takes_key(self.method, self.path)
        extra = {**(self.extra or {}), **({"parameters": [dict(PARAMETER)]} if keyed else {})}
        errors = (*self.errors, *(_OF_KEYS if keyed else ()))
        documented_path, versioned_path = self.paths()
        app.router.add_api_route(
            documented_path,
            self.handler,
            methods=[self.method],
            status_code=self.status,
            summary=self.summary,
            tags=[self.tag],
            responses={**documented(*errors), **self.responses},
            openapi_extra=extra,
            operation_id=self.handler.__name__,
            route_class_override=APIRoute if self.open_query else StrictRoute,
            **options,
        )
        app.router.routes.append(_at(app.router.routes[-1], versioned_path))


def _at(route: BaseRoute, path: str) -> Route:
    """Return an undocumented route with another path. Building a second one takes much longer."""
    assert isinstance(route, Route)
    other = copy(route)
    other.path = path
    other.path_regex, other.path_format, other.param_convertors = compile_path(path)
    other.methods = set(route.methods or ())
    other.include_in_schema = False
    return other


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses for the OpenAPI document, which has the schema of their body."""
    reference = f"#/components/schemas/{ErrorEnvelope.__name__}"
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {"application/json": {"schema": {"$ref": reference}}},
        }
        for status in sorted({*_EVERYWHERE, *statuses})
    }


def answer_head(app: FastAPI) -> None:
    """Let every route for GET answer HEAD too. The server omits the bodies.

    The OpenAPI document has no operations for HEAD, so it must know its routes before.
    """
    for route in app.routes:
        if isinstance(route, Route) and route.methods is not None:
            for method in tuple(route.methods):
                route.methods.update(_answered(method))


def _answered(method: str) -> tuple[str, ...]:
    return ("GET", "HEAD") if method == "GET" else (method,)


class LiteralPaths:
    """Responds with 405 to unsupported methods of paths without parameters (`/speakers/search`).

    The router would otherwise try a matching path with a parameter, and report that `search` is not
    a number.
    """

    def __init__(self, app: ASGIApp, endpoints: Iterable[Endpoint]) -> None:
        self._app = app
        self._methods: defaultdict[str, set[str]] = defaultdict(set)
        for endpoint in endpoints:
            if "{" not in endpoint.path:
                for path in endpoint.paths():
                    self._methods[path].update(_answered(endpoint.method))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        allowed = self._methods.get(scope["path"]) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
        else:
            await method_not_allowed(allowed)(scope, receive, send)
