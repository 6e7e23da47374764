"""Which pages may act with a browser's cookie."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers

ANY = "*"


class Origins:
    """Our own pages, and those that CORS_ORIGINS names."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/") for origin in allowed)

    @property
    def any(self) -> bool:
        """Whether every page may ask; none of them gets to use cookies then."""
        return ANY in self._allowed

    def trusts(self, headers: Headers) -> bool:
        """Whether a request comes from a trusted page, or from no page at all.

        Only browsers send `Origin`, and they always do where it matters. A page of ours names the
        host that the request goes to.
        """
        origin = headers.get("origin")
        if origin is None or origin in self._allowed:
            return True
        try:
            host = urlsplit(origin).netloc
        except ValueError:
            return False
        return bool(host) and host.lower() == headers.get("host", "").lower()
