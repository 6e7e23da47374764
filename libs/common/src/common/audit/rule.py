"""Rule for the entries of one method."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: Most targets of one entry.
MOST_TARGETS = 500
#: Forms of the identifiers that are made here: numbers, `job_` and 32 digits, and 24 random bytes.
#: Other texts of a request are never kept, since they could be names.
_IDENTIFIER = re.compile(r"[0-9]{1,19}|[a-z]{1,20}_[0-9a-f]{32}|[A-Za-z0-9_-]{32}", re.ASCII)


def always(_request: Any, _response: Any) -> bool:
    """Return True, because every call is an entry."""
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Action and targets of the calls of a method.

    `ids` and `made` are paths to identifiers in the request and in the response, such as
    `transcription.transcription_id`. `workspace` is the path in the request to the workspace of the
    call, in place of the active one. With `by_request`, the action depends on the request.
    Repeated reads of the same things by the same caller are one entry. With `signs_in`, the actor
    is the user in the response, and with `opens_link`, somebody with the link. `shows` tells from
    the request and one response whether something was read at all. The response of a failed call
    is None.
    """

    action: str
    kind: str = ""
    ids: Sequence[str] = ()
    made: Sequence[str] = ()
    workspace: str = ""
    read: bool = False
    by_administrator: bool = False
    signs_in: bool = False
    opens_link: bool = False
    by_request: Callable[[Any], str] | None = None
    shows: Callable[[Any, Any], bool] = always

    def action_of(self, request: Any) -> str:
        """Return the action of a request. It may be None if it was not read."""
        if self.by_request is None or request is None:
            return self.action
        return self.by_request(request)

    def workspace_of(self, request: Any) -> str:
        """Return the workspace in a request, if any."""
        if not self.workspace or request is None:
            return ""
        return next(_identifiers(request, self.workspace), "")

    def targets(self, request: Any, response: Any) -> tuple[str, ...]:
        """Return the identifiers in a request and a response. Both may be None."""
        found: dict[str, None] = {}
        for message, paths in ((request, self.ids), (response, self.made)):
            if message is not None:
                for path in paths:
                    found.update(dict.fromkeys(_identifiers(message, path)))
        return tuple(found)[:MOST_TARGETS]


def _identifiers(message: Any, path: str) -> Iterator[str]:
    """Yield the identifiers at a path, also through repeated fields."""
    name, _, rest = path.partition(".")
    value = getattr(message, name, None)
    if value is None:
        return
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    for one in values:
        if rest:
            yield from _identifiers(one, rest)
        else:
            text = str(one)
            if text not in ("", "0") and _IDENTIFIER.fullmatch(text):
                yield text
