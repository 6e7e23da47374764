"""Steps of a call, without input or output.

A *flow* is a generator: it yields steps and receives their results. Blocking and asynchronous
clients execute the same flows.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

Data = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything of a request besides its method and path.

    `form` and `files` (names and open files) make a multipart form. The body of the response is
    written to `sink` if there is one. Without `retries`, the flow itself decides about repetitions.
    """

    query: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, IO[bytes]]] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sink: IO[bytes] | None = None
    retries: bool = True


@dataclass(frozen=True, kw_only=True)
class Request:
    """Send a request, again if necessary. The result is the `httpx2.Response`."""

    method: str
    path: str
    parts: Parts = field(default_factory=Parts)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Send a request once. The result is the `httpx2.Response`, whatever its status."""

    request: Request
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class NextEvent:
    """Wait for an event of the WebSocket. The result is the event, or None if there was none.

    Without a connection, it is None after `lost_seconds`, and with one after `open_seconds`.
    """

    open_seconds: float
    lost_seconds: float


@dataclass(frozen=True, kw_only=True)
class Items:
    """Pass items of a list to the caller."""

    items: Sequence[Data]


Step = Request | Attempt | Pause | NextEvent | Items
Flow = Generator[Step, Any, T]


def present(**values: Any) -> Data:
    """Return the given values."""
    return {name: value for name, value in values.items() if value is not None}
