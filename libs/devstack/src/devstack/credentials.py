"""Passwords and keys of one stack: generated once, kept in a private file."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from devstack.errors import ConfigurationError
from devstack.files import PRIVATE_FILE, read_object, write_object


def _secret() -> str:
    """256 random bits in characters that URLs and configuration files need not quote."""
    return field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


@dataclass(frozen=True, kw_only=True)
class StackCredentials:
    """Every secret the stack needs. None of them is shown by `repr`."""

    postgres_superuser: str = _secret()
    postgres_gateway: str = _secret()
    postgres_transcriber: str = _secret()
    postgres_speakers: str = _secret()
    nats_service: str = _secret()
    nats_subscriber: str = _secret()
    nats_provisioner: str = _secret()
    s3_access_key: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    s3_secret_key: str = _secret()
    s3_internal_key: str = _secret()
    """Signs what the parts of the S3 server ask of each other."""

    secret_key: str = _secret()
    """What the services sign and derive keys with, unless the operator sets SECRET_KEY."""

    def postgres_password(self, role: str) -> str:
        """Password of a database role. Raises KeyError for a role that does not exist."""
        passwords = {
            "postgres": self.postgres_superuser,
            "gateway": self.postgres_gateway,
            "transcriber": self.postgres_transcriber,
            "speakers": self.postgres_speakers,
        }
        return passwords[role]


def load_credentials(path: Path) -> StackCredentials:
    """Read the credentials; whatever is missing is generated and written back (mode 0600).

    Raises ConfigurationError when the file exists but cannot be understood, because replacing
    it would lock the operator out of the data.
    """
    known = read_object(path)
    if path.exists() and not known:
        raise ConfigurationError(
            f"{path} is not readable as JSON; restore it, or remove the whole data directory"
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
        raise ConfigurationError(f"{path}: {', '.join(texts.keys() - result.keys())} is not a text")
    return result
