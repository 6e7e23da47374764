"""Values that were looked up a short time ago, by key."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")
Clock = Callable[[], float]

_MOST = 10_000


class RecentValues(Generic[Value]):
    """Short-lived cache, so that a burst of calls looks a value up once.

    Concurrent callers share one lookup. Failed lookups are not kept.
    """

    def __init__(self, seconds: float, *, most: int = _MOST, clock: Clock = time.monotonic) -> None:
        """Initialize the cache. It keeps the `most` newest values for `seconds` each.

        A value may be as old as its lookup, so its age counts from the beginning of that.
        """
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Value]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Value]] = {}

    def get(self, key: str) -> Value | None:
        """Return a recent value, else None."""
        until, value = self._known.get(key, (0.0, None))
        return value if self._clock() < until else None

    def keep(self, key: str, value: Value) -> None:
        """Keep a value that has just been looked up."""
        self._keep(key, value, self._clock() + self._seconds)

    async def find(self, key: str, look_up: Callable[[], Awaitable[Value]]) -> Value:
        """Return the value of a key, from the cache or from `look_up`. None is not kept."""
        value = self.get(key)
        if value is not None:
            return value
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key, look_up), name="look-up")
            self._asking[key] = asking
        # A caller that is cancelled must not cancel the lookup for the others.
        return await asyncio.shield(asking)

    def forget(self, key: str) -> None:
        """Drop a changed value."""
        self._known.pop(key, None)
        # The result of a lookup in flight may predate the change.
        self._asking.pop(key, None)

    async def _ask(self, key: str, look_up: Callable[[], Awaitable[Value]]) -> Value:
        me = asyncio.current_task()
        until = self._clock() + self._seconds
        try:
            value = await look_up()
            if self._asking.get(key) is me and value is not None:
                self._keep(key, value, until)
            return value
        finally:
            if self._asking.get(key) is me:
                del self._asking[key]

    def _keep(self, key: str, value: Value, until: float) -> None:
        self._known[key] = (until, value)
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
