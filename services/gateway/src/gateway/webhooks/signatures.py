"""Secrets and signatures of Standard Webhooks."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from common.encryption import wrapping
from common.encryption.wrapping import WrongKeyError

#: Begins secrets, so that people and scanners recognize them.
PREFIX = "whsec_"
_BYTES = 32
_VERSION = "v1"

__all__ = ["PREFIX", "SecretBox", "WrongKeyError", "headers", "new_secret", "signature"]


def new_secret() -> str:
    """Return a secret with 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return the signature of a message: `v1,` and an HMAC in Base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def headers(shown: Iterable[str], message_id: str, timestamp: int, body: str) -> dict[str, str]:
    """Return the headers of a message, signed with every secret. `timestamp` is in Unix seconds."""
    signatures = (signature(secret, message_id, timestamp, body) for secret in shown)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


class SecretBox:
    """Encrypts secrets for the database, each for its webhook."""

    def __init__(self, secret_key: str) -> None:
        """`secret_key` is SECRET_KEY of the deployment."""
        self._key = wrapping.derived_key(secret_key.encode(), "secrets of webhooks")

    def lock(self, secret: str, webhook_id: str) -> bytes:
        """Return the encrypted form of a secret."""
        return wrapping.wrap(self._key, secret.encode(), webhook_id)

    def unlock(self, locked: bytes, webhook_id: str) -> str:
        """Return a secret from its encrypted form.

        Raises:
            WrongKeyError: SECRET_KEY has changed since, or it is the secret of another webhook.
        """
        return wrapping.unwrap(self._key, locked, webhook_id).decode()
