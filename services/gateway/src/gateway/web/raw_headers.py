"""Headers of requests as the server has them, for the layers passed by every request."""

from starlette.types import Scope


def first(scope: Scope, name: bytes) -> str:
    """Return the first value of a header, empty without one. `name` is in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""
