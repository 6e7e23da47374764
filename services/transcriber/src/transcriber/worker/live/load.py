"""How busy the threads of live recognition are, and whether they can take another stream."""

import contextlib
from collections import deque
from collections.abc import Iterator

from common import logging, telemetry
from common.errors import ResourceExhaustedError

#: Recent time that is looked at, in seconds.
_WINDOW = 15.0
#: Share of the threads' time that recognition may need.
_MOST_BUSY = 0.9
_log = logging.get(__name__)


class LiveLoad:
    """Streams in progress on `threads` threads, at most `limit`."""

    def __init__(self, *, limit: int, threads: int) -> None:
        self._limit = limit
        self._threads = threads
        self._recent: deque[tuple[float, float]] = deque()
        self.streams = 0

    def worked(self, seconds: float, now: float) -> None:
        """Note work that took a thread so long and ended now."""
        self._recent.append((now, seconds))
        self._forget(now)

    def share(self, now: float) -> float:
        """Return the share of the threads' time that recent work took."""
        self._forget(now)
        return sum(seconds for _, seconds in self._recent) / (_WINDOW * self._threads)

    @contextlib.contextmanager
    def place(self, now: float) -> Iterator[None]:
        """Hold a place for one stream.

        Raises:
            ResourceExhaustedError: another stream could not be served in real time.
        """
        reason = self._reason(now)
        if reason:
            telemetry.LIVE_REFUSED.labels(reason).inc()
            _log.info("live stream refused", reason=reason, streams=self.streams)
            raise ResourceExhaustedError(_SENTENCES[reason])
        self.streams += 1
        telemetry.LIVE_STREAMS.set(self.streams)
        try:
            yield
        finally:
            self.streams -= 1
            telemetry.LIVE_STREAMS.set(self.streams)

    def _reason(self, now: float) -> str:
        if self.streams >= self._limit:
            return "limit"
        share = self.share(now)
        if self.streams and share * (1 + 1 / self.streams) > _MOST_BUSY:
            return "load"
        return ""

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()


_SENTENCES = {
    "limit": "This worker has as many live streams as it may (LIVE_SESSIONS). Try another worker, "
    "or again later.",
    "load": "This worker recognizes other live streams and could not serve this one in real time. "
    "Try another worker, or again later.",
}
