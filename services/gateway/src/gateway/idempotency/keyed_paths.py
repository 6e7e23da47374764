"""Which requests take an idempotency key, by method and path."""

from collections.abc import Mapping
from typing import Any

from common.rate_limits import Group
from gateway.idempotency.key import HEADER, LONGEST_KEY
from gateway.web.rate_limits import group_of

METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Reads that are sent as POST, and requests without a session.
_WITHOUT = frozenset({Group.EXPORT, Group.STATUS, Group.SESSION})
#: Description of the header in the OpenAPI document.
PARAMETER: Mapping[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Key of your choice for this request. Sent again with it within a day, the "
    "request is not carried out again, and its first answer is returned.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY + 2,
        "pattern": r'^("([ !#-\[\]-~]|\\["\\])+"|[!#-~][ -~]*)$',
    },
}


def takes_key(method: str, path: str) -> bool:
    """Return whether requests take a key. `path` is relative to `/api`."""
    return method in METHODS and group_of(method, path) not in _WITHOUT
