"""Origins allowed to use a browser's cookie."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers

ANY = "*"
#: Values of Sec-Fetch-Site for requests of this server's pages, and of no page.
_OWN_SITES = frozenset({"none", "same-origin"})


class Origins:
    """This server's own origin, and the origins in CORS_ORIGINS."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/") for origin in allowed)

    @property
    def any(self) -> bool:
        """Return whether all origins are allowed. Then none of them may use cookies."""
        return ANY in self._allowed

    def trusts(self, headers: Headers) -> bool:
        """Return whether a request comes from a trusted page, or from no page at all.

        Only browsers send `Origin` and `Sec-Fetch-Site`, and they always do for requests with side
        effects. Pages of this server have the request's own host as their origin.
        """
        origin = headers.get("origin")
        if origin is None:
            # Only a browser's own request, from its address bar for example, has no page.
            return headers.get("sec-fetch-site", "none") in _OWN_SITES
        if origin in self._allowed:
            return True
        try:
            host = urlsplit(origin).netloc
        except ValueError:
            return False
        return bool(host) and host.lower() == headers.get("host", "").lower()
