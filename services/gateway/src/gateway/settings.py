"""Settings of the gateway."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from common.rate_settings import RateSettings
from common.settings import (
    AuthModeSettings,
    NameList,
    PostgresSettings,
    Seconds,
    ServiceSettings,
    UploadSettings,
)
from gateway.oidc.providers import Providers

_UNITS = {"d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
_ORIGIN = re.compile(r"^https?://[^/\s]+$")


def _readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("is not a readable file")
    return path


def _period(value: object) -> object:
    """Convert a text such as 30d or 12h to seconds, and `never` to None."""
    text = str(value).strip().lower()
    if text == "never":
        return None
    if text[-1:] in _UNITS and text[:-1].strip().isdecimal():
        return int(text[:-1]) * _UNITS[text[-1]]
    return value


def _origin(value: str) -> str:
    if value and _ORIGIN.match(value.rstrip("/")) is None:
        raise ValueError("must be an origin, such as https://example.org")
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        if origin != "*" and _ORIGIN.match(origin) is None:
            raise ValueError(
                "must list origins, such as https://example.org or http://localhost:3000"
            )
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError("must list networks, such as 10.1.0.0/16 or fd00:1::/32") from None
    return value


# None stands for `never`.
Period = Annotated[
    Annotated[float, Field(ge=0, le=100 * 365 * 24 * 3600, allow_inf_nan=False)] | None,
    BeforeValidator(_period),
]
Lasting = Annotated[
    float, Field(ge=60, le=10 * 365 * 24 * 3600, allow_inf_nan=False), BeforeValidator(_period)
]
ReadableFile = Annotated[Path | None, AfterValidator(_readable)]


class GatewaySettings(
    ServiceSettings, PostgresSettings, RateSettings, UploadSettings, AuthModeSettings
):
    """Settings of `python -m gateway`. Environment variables are the field names in upper case."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    ssl_cert_path: ReadableFile = None
    ssl_key_path: ReadableFile = None
    http_redirect_port: int = Field(0, ge=0, le=65535)
    local_authority_path: ReadableFile = None

    transcriber_grpc: str = "127.0.0.1:50051"
    speakers_grpc: str = "127.0.0.1:50053"
    exporter_grpc: str = "127.0.0.1:50054"

    session_ttl: Seconds = 3600
    session_touch_seconds: Seconds = 5
    session_sweep_seconds: Seconds = 300
    session_grace: Period = 30 * 24 * 3600

    sign_in_idle: Lasting = 12 * 3600
    sign_in_lifetime: Lasting = 30 * 24 * 3600
    lockout_attempts: int = Field(10, ge=1, le=1000)
    lockout_seconds: Seconds = 900

    allowed_hosts: NameList = ("localhost", "127.0.0.1", "::1")
    cors_origins: Annotated[NameList, AfterValidator(_origins)] = ()
    force_https: bool = False

    public_url: Annotated[str, AfterValidator(_origin)] = ""
    oidc_providers: Providers = ()

    audit_retention_days: float = Field(365, ge=0, le=36500, allow_inf_nan=False)

    webhook_allowed_networks: Annotated[NameList, AfterValidator(_networks)] = ()

    websockets_per_session: int = Field(20, ge=1, le=1000)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.ssl_cert_path is None) != (self.ssl_key_path is None):
            raise ValueError("SSL_CERT_PATH and SSL_KEY_PATH must be set together")
        if self.http_redirect_port and self.ssl_cert_path is None:
            raise ValueError("HTTP_REDIRECT_PORT requires SSL_CERT_PATH and SSL_KEY_PATH")
        return self
