"""Passwords and keys of one stack, generated once and kept in a private file."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from devstack.errors import ConfigurationError
from devstack.files import PRIVATE_FILE, read_object, write_object


def _secret() -> str:
    """Return a field with 256 random bits needing no quoting in URLs and configuration files."""
    return field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass(frozen=True, kw_only=True)
class StackCredentials:
    """Every secret of the stack, hidden from `repr`."""

    postgres_superuser: str = _secret()
    postgres_gateway: str = _secret()
    postgres_transcriber: str = _secret()
    postgres_speakers: str = _secret()
    nats_service: str = _secret()
    nats_gateway: str = _secret()
    nats_transcriber: str = _secret()
    nats_speakers: str = _secret()
    nats_transcriber_worker: str = _secret()
    nats_diarizer: str = _secret()
    nats_exporter: str = _secret()
    nats_subscriber: str = _secret()
    nats_provisioner: str = _secret()
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    s3_secret_key: str = _secret()
    s3_admin_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    s3_admin_secret_key: str = _secret()
    s3_internal_key: str = _secret()
    """Signs requests between the parts of the S3 server."""

    secret_key: str = _secret()
    """Default of SECRET_KEY, with which services sign calls and derive keys."""

    def nats_password(self, user: str) -> str:
        """Return the password of a user of NATS. Raise KeyError for an unknown user."""
        passwords = {
            "service": self.nats_service,
            "gateway": self.nats_gateway,
            "transcriber": self.nats_transcriber,
            "speakers": self.nats_speakers,
            "transcriber-worker": self.nats_transcriber_worker,
            "diarizer": self.nats_diarizer,
            "exporter": self.nats_exporter,
            "provisioner": self.nats_provisioner,
            "subscriber": self.nats_subscriber,
        }
        return passwords[user]

    def postgres_password(self, role: str) -> str:
        """Return the password of a database role. Raise KeyError for an unknown role."""
        passwords = {
            "postgres": self.postgres_superuser,
            "gateway": self.postgres_gateway,
            "transcriber": self.postgres_transcriber,
            "speakers": self.postgres_speakers,
        }
        return passwords[role]


def load_credentials(path: Path) -> StackCredentials:
    """Read the credentials. Missing ones are generated and added to the file (mode 0600).

    Raises:
        ConfigurationError: the file exists but is invalid. Replacing it would lock the operator out
            of the data.
    """
    known = read_object(path)
    if path.exists() and not known:
        raise ConfigurationError(
            f"{path} is not valid JSON. Restore it, or remove the whole data directory"
        )
    credentials = StackCredentials(**_texts(known, path))
    complete = {item.name: getattr(credentials, item.name) for item in fields(StackCredentials)}
    if {**known, **complete} != known:
        write_object(path, {**known, **complete})
    path.chmod(PRIVATE_FILE)
    return credentials


def _texts(known: Mapping[str, object], path: Path) -> dict[str, str]:
    names = {item.name for item in fields(StackCredentials)}
    texts = {name: value for name, value in known.items() if name in names}
    result = {name: value for name, value in texts.items() if isinstance(value, str) and value}
    if len(result) != len(texts):
        raise ConfigurationError(f"{path}: {', '.join(texts.keys() - result.keys())} is not text")
    return result
