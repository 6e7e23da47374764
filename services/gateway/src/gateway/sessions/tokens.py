"""Session tokens (256 random bits) and session identifiers (128 random bits)."""

import base64
import hashlib
import hmac
import re
import secrets

_TOKEN = re.compile(r"^[A-Za-z0-9_-]{43}$")


def new_session_id() -> str:
    """Return a public identifier: `session_` and 32 hexadecimal digits."""
    return f"session_{secrets.token_hex(16)}"


def new_token() -> str:
    """Return a token of 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def looks_like_token(text: str) -> bool:
    """Return whether a text has the form of a token and is worth looking up."""
    return _TOKEN.match(text) is not None


class RequestTokens:
    """Tokens of sessions created with an idempotency key.

    A repeated key must return the same token although only its hash is stored. So the token is a
    keyed hash of a random salt, the caller's address, and the key. Computing it takes the
    deployment's secret.
    """

    def __init__(self, secret_key: str) -> None:
        text = b"securetranscribe session requests\0" + secret_key.encode()
        self._key = hashlib.sha256(text).digest()

    def request_hash(self, request_id: str, address: str) -> str:
        """Return the stored form of an idempotency key."""
        return self._mac(b"request", address, request_id).hex()

    def token(self, salt: str, request_id: str, address: str) -> str:
        """Return the token for a salt and a key."""
        mac = self._mac(b"token\0" + salt.encode(), address, request_id)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()

    def _mac(self, purpose: bytes, address: str, request_id: str) -> bytes:
        text = b"\0".join((purpose, address.encode(), request_id.encode()))
        return hmac.new(self._key, text, hashlib.sha256).digest()
