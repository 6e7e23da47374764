"""Settings of `python -m common.provisioning`."""

from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator

from common.provisioning.database import ROLES
from common.settings import Seconds, Settings


class ProvisioningSettings(Settings):
    """Addresses and credentials of the servers. Servers without an address are skipped.

    `provision_database_url` is a superuser's, with any database. The URLs of the services set the
    passwords of their roles. `nats_provisioner_url` belongs to the account of event subscribers.
    With `s3_root_access_key`, MinIO's root user, `s3_access_key` becomes a user for two buckets.
    """

    log_level: str = Field("INFO", pattern="(?i)^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    log_format: str = Field("json", pattern="^(json|console)$")
    provision_seconds: Seconds = 120

    provision_database_url: SecretStr = SecretStr("")
    gateway_database_url: SecretStr = SecretStr("")
    transcriber_database_url: SecretStr = SecretStr("")
    speakers_database_url: SecretStr = SecretStr("")

    s3_endpoint: str = ""
    s3_access_key: SecretStr = SecretStr("")
    s3_secret_key: SecretStr = SecretStr("")
    s3_root_access_key: SecretStr = SecretStr("")
    s3_root_secret_key: SecretStr = SecretStr("")
    s3_region: str = "us-east-1"
    s3_bucket_audio: str = "audio"
    s3_bucket_results: str = "results"

    nats_url: SecretStr = SecretStr("")
    nats_provisioner_url: SecretStr = SecretStr("")
    task_ack_wait_seconds: Seconds = 15
    task_max_deliver: int = Field(4, ge=1, le=20)

    @field_validator("gateway_database_url", "transcriber_database_url", "speakers_database_url")
    @classmethod
    def _names_its_role(cls, value: SecretStr, info: object) -> SecretStr:
        role = str(getattr(info, "field_name", "")).removesuffix("_database_url")
        url = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (url.username != role or not url.password):
            raise ValueError(f"must be a URL with the user {role} and its password")
        return value

    @property
    def s3_root(self) -> tuple[str, str]:
        """Return the keys that make buckets: those of the root user if they are given."""
        root = self.s3_root_access_key.get_secret_value()
        if root:
            return root, self.s3_root_secret_key.get_secret_value()
        return self.s3_access_key.get_secret_value(), self.s3_secret_key.get_secret_value()

    def passwords(self) -> dict[str, str]:
        """Return the passwords of the roles whose URLs are set, by role."""
        urls = {role: getattr(self, f"{role}_database_url").get_secret_value() for role in ROLES}
        return {role: unquote(urlsplit(url).password or "") for role, url in urls.items() if url}
