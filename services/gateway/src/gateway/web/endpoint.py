"""A description of an endpoint, from which routes and their documentation are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from gateway.web.envelope import Failure

PREFIX = "/api"
VERSIONED_PREFIX = "/api/v1"
_EVERYWHERE = (400, 401, 403, 429, 500, 503)
_DESCRIPTIONS = {
    400: "A parameter or the body is wrong; `details.field` says which.",
    401: "The Bearer token is not valid.",
    403: "This may not be done with these credentials.",
    404: "It does not exist, or not for this session.",
    409: "Its state, or something that is there already, stands against it.",
    413: "The file is larger than the limit.",
    429: "Too many requests; `details.reset_time` says when to go on.",
    500: "Something went wrong inside.",
    503: "A service is away, or there is no room; `Retry-After` says when to try again.",
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
    """Statuses of errors beside those that every endpoint may answer with."""

    extra: Mapping[str, Any] | None = None
    """What is added to the operation in the OpenAPI document."""

    responses: Mapping[int | str, dict[str, Any]] = field(default_factory=dict)
    response_class: type[Response] | None = None
    """For answers that are no JSON."""

    def paths(self) -> tuple[str, str]:
        """The path as it is documented, and the same under the versioned prefix."""
        return f"{PREFIX}{self.path}", f"{VERSIONED_PREFIX}{self.path}"

    def add_to(self, app: FastAPI) -> None:
        """Makes the routes: one documented, and the same under the versioned prefix."""
        options: dict[str, Any] = {}
        if self.response_class is not None:
            options = {"response_class": self.response_class, "response_model": None}
        documented_path, _ = self.paths()
        for path in self.paths():
            app.add_api_route(
                path,
                self.handler,
                methods=[self.method],
                status_code=self.status,
                summary=self.summary,
                tags=[self.tag],
                responses={**documented(*self.errors), **self.responses},
                openapi_extra=dict(self.extra or {}),
                include_in_schema=path == documented_path,
                operation_id=self.handler.__name__,
                **options,
            )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Error answers for the OpenAPI document."""
    return {
        status: {"model": Failure, "description": _DESCRIPTIONS[status]}
        for status in sorted({*_EVERYWHERE, *statuses})
    }
