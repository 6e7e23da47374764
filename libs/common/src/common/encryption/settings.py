"""Settings of services encrypting objects."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from common.encryption.key_holders import DeploymentKeys, KeyHolder
from common.encryption.key_service import KeyService
from common.settings import Settings


class EncryptionSettings(Settings):
    """Settings of encryption. `encryption` decides about new recordings only.

    `encryption_key` may hold several keys: the first one wraps, and the others only unwrap.
    """

    encryption: bool = True
    encryption_key: SecretStr = SecretStr("")
    encryption_key_service: str = Field("", pattern="^(https?://[^/].*)?$")
    encryption_key_service_token: SecretStr = SecretStr("")
    encryption_key_service_ca: Path | None = None

    @field_validator("encryption_key")
    @classmethod
    def _readable(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value().strip():
            DeploymentKeys.parse(key.get_secret_value())
        return key

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        key = bool(self.encryption_key.get_secret_value().strip())
        if key and self.encryption_key_service:
            raise ValueError("ENCRYPTION_KEY and ENCRYPTION_KEY_SERVICE must not be set together")
        if self.encryption and not key and not self.encryption_key_service:
            raise ValueError(
                "ENCRYPTION_KEY must be set, or ENCRYPTION_KEY_SERVICE, or ENCRYPTION=off"
            )
        return self

    @property
    def key_holder(self) -> KeyHolder | None:
        """Return who holds the deployment's key, None without one."""
        if self.encryption_key_service:
            return KeyService(
                self.encryption_key_service,
                token=self.encryption_key_service_token.get_secret_value(),
                authority=str(self.encryption_key_service_ca or ""),
            )
        text = self.encryption_key.get_secret_value()
        return DeploymentKeys.parse(text) if text.strip() else None
