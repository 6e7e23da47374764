"""Typed settings, read once from the environment. An invalid one ends the process by name.

Every variable can also be given as a file: `SECRET_KEY_FILE=/run/secrets/secret_key` reads the
value of SECRET_KEY from there and so keeps it out of the environment and of process listings.
"""

import enum
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from common import lengths, sizes
from common.signing import receiver_key

_FILE_SUFFIX = "_FILE"


def parse_size(value: Any) -> Any:
    """Convert a size given as text, such as `500MB`, to bytes. For validators of settings."""
    return sizes.parse(value) if isinstance(value, str) else value


def parse_length(value: Any) -> Any:
    """Convert a length of time given as text, such as `12h`, to seconds. For validators."""
    return lengths.parse(value) if isinstance(value, str) else value


def _split(value: Any) -> Any:
    """Split a list at its commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Length = Annotated[float, BeforeValidator(parse_length), Field(gt=0, allow_inf_nan=False)]
NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class FileVariables(PydanticBaseSettingsSource):
    """Source of values in files named by `NAME_FILE` variables. Surrounding whitespace is dropped.

    Calling it raises SettingsError, with the name of the variable, when a file cannot be read or a
    value is also set directly. The message never quotes the file.
    """

    def __call__(self) -> dict[str, Any]:
        """Return the values by field name."""
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - by contract
        """Return the value of one field, None when no file is named."""
        variable = field_name.upper()
        path = os.environ.get(variable + _FILE_SUFFIX, "")
        if not path:
            return None, field_name, False
        if os.environ.get(variable):
            raise SettingsError(f"{variable}: is set twice, also by {variable}{_FILE_SUFFIX}")
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise SettingsError(f"{variable}{_FILE_SUFFIX}: cannot read {path}: {reason}") from None
        return text or None, field_name, False


class Settings(BaseSettings):
    """Base of all settings: arguments first, then variables, then files named by variables."""

    # A class that inherits from two settings classes takes its whole configuration from the last
    # one. With a single base they agree.
    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - passed by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - passed by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources. Earlier ones take precedence."""
        return init_settings, env_settings, FileVariables(settings_cls)


class ServiceSettings(Settings):
    """Settings of every service. Variables are named like the fields, in capitals."""

    debug: bool = False
    log_level: str = Field("INFO", pattern="(?i)^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    log_format: str = Field("json", pattern="^(json|console)$")
    secret_key: SecretStr = Field(min_length=32)

    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(ge=0, le=65535)
    gateway_grpc: str = "127.0.0.1:50050"
    session_cache_seconds: Seconds = 5

    grpc_tls_cert: Path | None = None
    grpc_tls_key: Path | None = None
    grpc_tls_ca: Path | None = None

    nats_url: SecretStr = SecretStr("nats://127.0.0.1:4222")

    enable_metrics: bool = True
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(0, ge=0, le=65535)
    otel_exporter_otlp_endpoint: str = ""

    shutdown_grace_seconds: Seconds = 20

    @property
    def log_level_and_format(self) -> tuple[str, str]:
        """Level and format of the log. With DEBUG, everything in a form for people."""
        return ("DEBUG", "console") if self.debug else (self.log_level, self.log_format)

    def call_key(self, service: str) -> str:
        """Return the key with which calls to a service are verified."""
        return receiver_key(self.secret_key.get_secret_value(), service)

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        # With only one of them, a server would silently use plain text.
        if (self.grpc_tls_cert is None) != (self.grpc_tls_key is None):
            raise ValueError("GRPC_TLS_CERT and GRPC_TLS_KEY must be set together")
        for path in (self.grpc_tls_cert, self.grpc_tls_key, self.grpc_tls_ca):
            if path is not None and not path.is_file():
                raise ValueError(f"the file {path} does not exist")
        return self


class SeparateKeySettings(ServiceSettings):
    """Settings of services that read texts and recordings of strangers.

    They need no key but their own: SERVICE_KEY instead of SECRET_KEY.
    """

    secret_key: SecretStr = SecretStr("")
    service_key: SecretStr = SecretStr("")

    def call_key(self, service: str) -> str:
        """Return the key with which calls to the service are verified."""
        return self.service_key.get_secret_value() or super().call_key(service)

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if not self.service_key.get_secret_value() and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("SERVICE_KEY must be set, or SECRET_KEY with at least 32 characters")
        return self


class AuthMode(enum.StrEnum):
    """Who may use the deployment."""

    OPEN = "open"
    """Everybody. Sessions are made by themselves."""

    ACCOUNTS = "accounts"
    """People who sign in, and programs with their access tokens."""


class AuthModeSettings(Settings):
    """Settings of services in which accounts make a difference."""

    auth_mode: AuthMode = AuthMode.OPEN


class AdminSettings(Settings):
    """Settings of services with work for administrators. Without a token there are none."""

    admin_token: SecretStr = SecretStr("")

    @field_validator("admin_token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if 0 < len(token.get_secret_value()) < 32:
            raise ValueError("it must have at least 32 characters")
        return token


class UploadSettings(Settings):
    """Settings of services that receive recordings from clients.

    An upload may fall behind `upload_least_rate` (bytes per second) by `upload_idle_seconds`.
    """

    max_file_size: Bytes = 500 * 1024 * 1024
    upload_idle_seconds: Seconds = 60
    upload_least_rate: Bytes = 1024
    uploads_at_once: int = Field(128, ge=1, le=1000)
    uploads_per_session: int = Field(8, ge=1, le=1000)
    uploads_per_address: int = Field(64, ge=1, le=1000)


class PostgresSettings(Settings):
    """Settings of services with a database."""

    database_url: SecretStr
    database_pool_size: int = Field(10, ge=2, le=200)  # some work needs two connections at once


class LocalStoreSettings(Settings):
    """Settings of services that write to an object store, which may be on the same machine."""

    s3_local_directory: Path | None = None
    s3_local_reserve: Bytes = 256 * 1024**2


class ObjectSettings(LocalStoreSettings):
    """Settings of services that hold keys of the object store."""

    s3_endpoint: str = Field(pattern="^https?://[^/]+/?$")
    s3_access_key: SecretStr
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    s3_bucket_audio: str = "audio"
    s3_bucket_results: str = "results"


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def load(cls: type[AnySettings]) -> AnySettings:
    """Read the settings. If any are invalid, print one line per variable and exit with status 2."""
    try:
        return cls()
    except SettingsError as error:
        print(f"configuration: {error}", file=sys.stderr)
        sys.exit(2)
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"][:1]).upper()
            said = problem["msg"].removeprefix("Value error, ")
            said = "is not set" if problem["type"] == "missing" else said
            where = f"{name}: " if name else ""
            print(f"configuration: {where}{said} (see .env.example)", file=sys.stderr)
        sys.exit(2)
