"""Routes that refuse query parameters and bodies that their endpoint does not take."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, get_args

from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.body_limit import is_upload
from gateway.web.unknown_names import unknown_name

_IN_QUERY = "Send it in the query."
_IN_BODY = "Send it as a field of the body."


class StrictRoute(APIRoute):
    """Route of an endpoint whose signature names all that requests can have."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which checks the names in a request first."""
        handle = super().get_route_handler()
        query = self.query_names()
        body = self.body_names()

        async def checked(request: Request) -> Response:
            for name in request.query_params:
                if name not in query:
                    elsewhere = _IN_BODY if name in body else ""
                    raise unknown_name(name, query, kind="query parameter", elsewhere=elsewhere)
            # Bodies of uploads have no limit here, and their endpoints read them as they arrive.
            if not self._takes_body() and not is_upload(request.scope):
                await _refuse_fields(request, query)
            return await handle(request)

        return checked

    def query_names(self) -> frozenset[str]:
        """Return the names of the query parameters."""
        params = get_flat_params(self.dependant)
        return frozenset(
            field.alias
            for field in params
            if getattr(field.field_info, "in_", None) is ParamTypes.query
        )

    def body_names(self) -> frozenset[str]:
        """Return the names of the fields of the body, if they are fixed."""
        found: set[str] = set()
        for content in _contents(self.openapi_extra or {}):
            found.update(content.get("schema", {}).get("properties", ()))
        if self.body_field is not None:
            annotation = self.body_field.field_info.annotation
            for kind in (annotation, *get_args(annotation)):
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    found.update(field.alias or name for name, field in kind.model_fields.items())
        return frozenset(found)

    def _takes_body(self) -> bool:
        return self.body_field is not None or "requestBody" in (self.openapi_extra or {})


def _contents(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return list(operation.get("requestBody", {}).get("content", {}).values())


async def _refuse_fields(request: Request, query: frozenset[str]) -> None:
    """Refuse the fields of a JSON body where none is taken."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return
    try:
        fields = json.loads(await request.body())
    except (ValueError, RecursionError):
        return
    if isinstance(fields, dict) and fields:
        name = next(iter(fields))
        elsewhere = _IN_QUERY if name in query else ""
        raise unknown_name(name, (), kind="field", elsewhere=elsewhere)
