"""Limits of gRPC servers: size of requests, and calls in flight."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from common.errors import ResourceExhaustedError
from common.limits import MAX_CLIP_BYTES

_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class CallLimits:
    """Limits of one server.

    `request_bytes` is the size of one request message. At most `calls` are served at once, and at
    most `calls_per_caller` of one session or, without one, of one address.
    """

    request_bytes: int = 4 * _MIB
    calls: int = 1_000
    calls_per_caller: int = 64


#: Services whose requests have texts, or chunks of recordings.
API_LIMITS = CallLimits()
#: The gateway's own service: identifiers and preferences only.
SESSION_LIMITS = CallLimits(request_bytes=_MIB // 4)
#: Services that receive clips of voices.
CLIP_LIMITS = CallLimits(request_bytes=MAX_CLIP_BYTES + _MIB, calls=64, calls_per_caller=16)
#: Workers, which receive short recordings as a whole (64 MiB and their metadata).
WORKER_LIMITS = CallLimits(request_bytes=72 * _MIB, calls=16, calls_per_caller=2)


class CallsInFlight:
    """Counter of the calls in flight, in total and by caller."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._total = 0
        self._calls: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold a place for the duration of a call. An empty caller is another service.

        Raises:
            ResourceExhaustedError: there are too many calls in flight.
        """
        if caller and self._calls[caller] >= self._limits.calls_per_caller:
            raise ResourceExhaustedError(
                f"At most {self._limits.calls_per_caller} of your calls can be in flight at once. "
                "Wait for one to end."
            )
        if self._total >= self._limits.calls:
            raise ResourceExhaustedError("The service has too many calls in flight. Try again.")
        self._calls[caller] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._calls[caller] -= 1
            if not self._calls[caller]:
                del self._calls[caller]
