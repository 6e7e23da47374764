"""Requests that take an idempotency key, found by method and path."""

import re
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel
from starlette.routing import compile_path
from starlette.types import Scope

from gateway.idempotency.keyed_paths import METHODS, takes_key
from gateway.web.endpoint import Endpoint, IsSame


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyedWrite:
    """How the key of a request is used.

    `is_same` compares the body of a repeated request with the first one, if the endpoint can.
    Secret answers are not kept.
    """

    is_same: IsSame | None
    keeps_answer: bool


class KeyedWrites:
    """Finds the endpoints of requests."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._known: list[tuple[str, re.Pattern[str], KeyedWrite]] = [
            (
                endpoint.method,
                compile_path(path)[0],
                KeyedWrite(is_same=endpoint.is_same, keeps_answer=not shows_secret(endpoint)),
            )
            for endpoint in sorted(endpoints, key=lambda one: "{" in one.path)
            if takes_key(endpoint.method, endpoint.path)
            for path in endpoint.paths()
        ]

    def find(self, scope: Scope) -> KeyedWrite | None:
        """Return how a request uses its key, None if it takes none."""
        if scope["method"] not in METHODS:
            return None
        for method, pattern, write in self._known:
            if method == scope["method"] and pattern.match(scope["path"]):
                return write
        return None


def shows_secret(endpoint: Endpoint) -> bool:
    """Return whether the answer of an endpoint has a token or another secret."""
    answer = typing.get_type_hints(endpoint.handler).get("return")
    return any(
        name == "secret" or name.endswith("token")
        for model in _models(answer, set())
        for name in model.model_fields
    )


def _models(annotation: object, seen: set[object]) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation, and those of their fields."""
    if annotation in seen:
        return
    seen.add(annotation)
    for part in typing.get_args(annotation):
        yield from _models(part, seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation, seen)
