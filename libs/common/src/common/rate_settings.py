"""Rate limits and trusted proxies of services with clients."""

from typing import Annotated

from limits import RateLimitItem, parse
from pydantic import AfterValidator, Field, SecretStr

from common.addresses import TrustedProxies
from common.settings import NameList, Settings

_REDIS_SCHEMES = ("redis://", "rediss://", "redis+unix://")


def _rate(value: str) -> str:
    try:
        parse(value)
    except ValueError as error:
        raise ValueError("must be a rate such as 10/minute or 100 per hour") from error
    return value


def _redis(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not value.get_secret_value().startswith(_REDIS_SCHEMES):
        raise ValueError("must look like redis://host:6379/0 or rediss://host:6379/0")
    return value


def _proxies(value: tuple[str, ...]) -> tuple[str, ...]:
    try:
        TrustedProxies(value)
    except ValueError as error:
        raise ValueError("must list addresses or networks, such as 10.0.0.0/8") from error
    return value


Rate = Annotated[str, AfterValidator(_rate)]


def rate(value: str) -> RateLimitItem:
    """Parse a rate such as `10/minute` for the limiter."""
    return parse(value)


class RateSettings(Settings):
    """Settings of services with clients. Variables are named like the fields, in capitals."""

    rate_limit_upload: Rate = "10/minute"
    rate_limit_processing: Rate = "30/minute"
    rate_limit_status: Rate = "60/minute"
    rate_limit_export: Rate = "20/minute"
    rate_limit_session: Rate = "60/minute"
    rate_limit_edit: Rate = "300/minute"
    rate_limit_media: Rate = "1200/minute"
    rate_limit_chunk: Rate = "10000/minute"  # MiB, so that 1 Gbit/s (7153 MiB) stays below
    rate_limit_sessions_per_address: int = Field(200, ge=1, le=1_000_000)
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] = SecretStr("")
    redis_password: SecretStr = SecretStr("")
    trusted_proxies: Annotated[NameList, AfterValidator(_proxies)] = ("127.0.0.1", "::1")
