"""Rate limits per session, address and endpoint group, optionally shared through Redis."""

import datetime as dt
import enum
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter
from limits.errors import StorageError

from common import logging, telemetry
from common.addresses import network_of
from common.errors import ResourceExhaustedError
from common.rate_settings import RateSettings, rate

_REDIS_SECONDS = 1.0
_REDIS_PAUSE_SECONDS = 10.0
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_log = logging.get(__name__)


class RateLimitedError(ResourceExhaustedError):
    """The caller has exhausted its rate limit."""

    code = "RATE_LIMIT_EXCEEDED"

    @classmethod
    def of(cls, *, limit: int, reset_at: dt.datetime) -> Self:
        """Return the error for a number of requests per window, and the next window's start."""
        return cls(
            "Rate limit exceeded. Please try again later.",
            {"limit": str(limit), "reset_time": reset_at.strftime(_TIME)},
        )

    @property
    def limit(self) -> int:
        """Number of requests per window."""
        return int(self.details["limit"])

    @property
    def retry_after_seconds(self) -> int:
        """Whole seconds until the next window starts, at least one."""
        reset_at = dt.datetime.strptime(self.details["reset_time"], _TIME).replace(tzinfo=dt.UTC)
        return max(1, math.ceil(reset_at.timestamp() - time.time()))


class Group(enum.Enum):
    """Endpoints with a common limit."""

    UPLOAD = "upload"
    PROCESSING = "processing"
    STATUS = "status"
    EXPORT = "export"
    SESSION = "session"
    EDIT = "edit"
    MEDIA = "media"
    CHUNK = "chunk"
    """Pieces of uploads. The unit is a MiB."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """A caller's limit, the remaining requests, and the start of the next window."""

    limit: int
    remaining: int
    reset_at: float
    allowed: bool

    def headers(self) -> dict[str, str]:
        """Return the documented headers. The reset is in whole seconds since 1970."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset_at)),
        }

    def refusal(self) -> RateLimitedError:
        """Return the error to raise if the request is not allowed."""
        reset_at = dt.datetime.fromtimestamp(math.ceil(self.reset_at), dt.UTC)
        return RateLimitedError.of(limit=self.limit, reset_at=reset_at)


class RateLimits:
    """Fixed-window rate limiter. A window starts with the first request.

    With Redis, all services count together. While it is away, each process counts alone.
    """

    def __init__(
        self,
        limits: Mapping[Group, RateLimitItem],
        shared: RedisStorage | None = None,
        *,
        sessions_per_address: int = 1,
    ) -> None:
        """`limits` are per session, except for new sessions, which are counted per address.

        An address may make as many requests as `sessions_per_address` sessions.
        """
        self._limits = limits
        self._of_addresses = {
            group: item if group is Group.SESSION else _times(item, sessions_per_address)
            for group, item in limits.items()
        }
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._storage = shared
        self._shared = None if shared is None else FixedWindowRateLimiter(shared)
        self._alone_until = 0.0

    @classmethod
    def configured(cls, settings: RateSettings) -> Self:
        """Create the limiter from the settings."""
        limits = {
            Group.UPLOAD: rate(settings.rate_limit_upload),
            Group.PROCESSING: rate(settings.rate_limit_processing),
            Group.STATUS: rate(settings.rate_limit_status),
            Group.EXPORT: rate(settings.rate_limit_export),
            Group.SESSION: rate(settings.rate_limit_session),
            Group.EDIT: rate(settings.rate_limit_edit),
            Group.MEDIA: rate(settings.rate_limit_media),
            Group.CHUNK: rate(settings.rate_limit_chunk),
        }
        return cls(
            limits,
            redis_storage(settings),
            sessions_per_address=settings.rate_limit_sessions_per_address,
        )

    async def hit(self, group: Group, session_id: str, *, cost: int = 1) -> Allowance:
        """Count a request of a session, as `cost` requests."""
        return _noted(group, await self._hit(self._limits[group], group, session_id, cost))

    async def hit_address(self, group: Group, address: str, *, cost: int = 1) -> Allowance:
        """Count a request of an address, whatever sessions it uses."""
        key = f"address:{network_of(address)}"
        return _noted(group, await self._hit(self._of_addresses[group], group, key, cost))

    async def enforce_address(self, group: Group, address: str) -> None:
        """Count a request of an address.

        Raises:
            RateLimitedError: the limit is exceeded.
        """
        allowance = await self.hit_address(group, address)
        if not allowance.allowed:
            raise allowance.refusal()

    async def close(self) -> None:
        """Close the connection to Redis."""
        if self._storage is not None:
            connection: Any = self._storage.bridge.get_connection()  # type: ignore[attr-defined]
            await connection.aclose()

    async def _hit(self, item: RateLimitItem, group: Group, caller: str, cost: int) -> Allowance:
        if self._shared is not None and time.monotonic() >= self._alone_until:
            try:
                return await _count(self._shared, item, group.value, caller, cost=cost)
            except StorageError as error:
                self._alone_until = time.monotonic() + _REDIS_PAUSE_SECONDS
                _log.warning(
                    "Redis does not respond, so this process counts rate limits alone",
                    error=str(error.storage_error),
                )
        return await _count(self._own, item, group.value, caller, cost=cost)


def _times(item: RateLimitItem, factor: int) -> RateLimitItem:
    return type(item)(item.amount * factor, item.multiples)


def _noted(group: Group, allowance: Allowance) -> Allowance:
    if not allowance.allowed:
        telemetry.RATE_LIMITED.labels(group.value).inc()
    return allowance


async def _count(
    limiter: RateLimiter, item: RateLimitItem, group: str, caller: str, *, cost: int
) -> Allowance:
    allowed = await limiter.hit(item, group, caller, cost=cost)
    reset_at, remaining = await limiter.get_window_stats(item, group, caller)
    return Allowance(
        limit=item.amount, remaining=remaining, reset_at=float(reset_at), allowed=allowed
    )


def redis_storage(settings: RateSettings) -> RedisStorage | None:
    """Return the shared storage if REDIS_URL is set. It connects on first use."""
    url = settings.redis_url.get_secret_value()
    if not url:
        return None
    options: dict[str, float | str | bool] = {
        "socket_timeout": _REDIS_SECONDS,
        "socket_connect_timeout": _REDIS_SECONDS,
    }
    password = settings.redis_password.get_secret_value()
    if password:
        options["password"] = password
    return RedisStorage(
        f"async+{url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix="securetranscribe:limits",
        **options,
    )
