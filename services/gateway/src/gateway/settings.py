"""What the gateway needs to know."""

from pathlib import Path
from typing import Annotated, Self

from limits import RateLimitItem, parse
from pydantic import AfterValidator, Field, SecretStr, model_validator

from common.settings import Bytes, NameList, PostgresSettings, Seconds, ServiceSettings


def _rate(value: str) -> str:
    try:
        parse(value)
    except ValueError as error:
        raise ValueError("write a rate as 10/minute or 100 per hour") from error
    return value


def _readable(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("names no file that can be read")
    return path


Rate = Annotated[str, AfterValidator(_rate)]
ReadableFile = Annotated[Path | None, AfterValidator(_readable)]


def rate(value: str) -> RateLimitItem:
    """A rate such as `10/minute` in the form that the limiter works with."""
    return parse(value)


class GatewaySettings(ServiceSettings, PostgresSettings):
    """Settings of `python -m gateway`. Variables are named like the fields, in capitals."""

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

    max_file_size: Bytes = 500 * 1024 * 1024
    upload_idle_seconds: Seconds = 60

    rate_limit_upload: Rate = "10/minute"
    rate_limit_processing: Rate = "30/minute"
    rate_limit_status: Rate = "60/minute"
    rate_limit_export: Rate = "20/minute"
    rate_limit_session: Rate = "60/minute"
    redis_url: SecretStr = SecretStr("")
    redis_password: SecretStr = SecretStr("")

    allowed_hosts: NameList = ("localhost", "127.0.0.1", "::1")
    cors_origins: NameList = ()
    trusted_proxies: NameList = ("127.0.0.1", "::1")
    force_https: bool = False

    websockets_per_session: int = Field(20, ge=1, le=1000)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.ssl_cert_path is None) != (self.ssl_key_path is None):
            raise ValueError("SSL_CERT_PATH and SSL_KEY_PATH are set together or not at all")
        return self
