"""Settings of the gateway."""

import re
from pathlib import Path
from typing import Annotated, Self

from limits import RateLimitItem, parse
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from common.settings import Bytes, NameList, PostgresSettings, Seconds, ServiceSettings
from gateway.web.addresses import TrustedProxies

_REDIS_SCHEMES = ("redis://", "rediss://", "redis+unix://")
_UNITS = {"d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
_ORIGIN = re.compile(r"^https?://[^/\s]+$")


def _rate(value: str) -> str:
    try:
        parse(value)
    except ValueError as error:
        raise ValueError("must be a rate such as 10/minute or 100 per hour") from error
    return value


def _readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("is not a readable file")
    return path


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


def _period(value: object) -> object:
    """Convert a text such as 30d or 12h to seconds, and `never` to None."""
    text = str(value).strip().lower()
    if text == "never":
        return None
    if text[-1:] in _UNITS and text[:-1].strip().isdecimal():
        return int(text[:-1]) * _UNITS[text[-1]]
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if origin != "*" and _ORIGIN.match(origin) is None:
            raise ValueError(
                "must list origins, such as https://example.org or http://localhost:3000"
            )
    return value


Rate = Annotated[str, AfterValidator(_rate)]
# None stands for `never`.
Period = Annotated[
    Annotated[float, Field(ge=0, le=100 * 365 * 24 * 3600, allow_inf_nan=False)] | None,
    BeforeValidator(_period),
]
ReadableFile = Annotated[Path | None, AfterValidator(_readable)]


def rate(value: str) -> RateLimitItem:
    """Parse a rate such as `10/minute` for the limiter."""
    return parse(value)


class GatewaySettings(ServiceSettings, PostgresSettings):
    """Settings of `python -m gateway`. Environment variables are the field names in upper case."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    ssl_cert_path: ReadableFile = None
    ssl_key_path: ReadableFile = None

    transcriber_grpc: str = "127.0.0.1:50051"
    speakers_grpc: str = "127.0.0.1:50053"
    exporter_grpc: str = "127.0.0.1:50054"

    session_ttl: Seconds = 3600
    session_touch_seconds: Seconds = 5
    session_sweep_seconds: Seconds = 300
    session_grace: Period = 30 * 24 * 3600

    max_file_size: Bytes = 500 * 1024 * 1024
    upload_idle_seconds: Seconds = 60

    rate_limit_upload: Rate = "10/minute"
    rate_limit_processing: Rate = "30/minute"
    rate_limit_status: Rate = "60/minute"
    rate_limit_export: Rate = "20/minute"
    rate_limit_session: Rate = "60/minute"
    rate_limit_sessions_per_address: int = Field(200, ge=1, le=1_000_000)
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] = SecretStr("")
    redis_password: SecretStr = SecretStr("")

    allowed_hosts: NameList = ("localhost", "127.0.0.1", "::1")
    cors_origins: Annotated[NameList, AfterValidator(_origins)] = ()
    trusted_proxies: Annotated[NameList, AfterValidator(_proxies)] = ("127.0.0.1", "::1")
    force_https: bool = False

    websockets_per_session: int = Field(20, ge=1, le=1000)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.ssl_cert_path is None) != (self.ssl_key_path is None):
            raise ValueError("SSL_CERT_PATH and SSL_KEY_PATH must be set together")
        return self
