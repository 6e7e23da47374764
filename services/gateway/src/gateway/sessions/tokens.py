"""Session tokens (256 random bits) and session identifiers (128 random bits)."""

import base64
import hashlib
import hmac
import re
import secrets

#: Begins access tokens, so that people and scanners for secrets recognize them.
ACCESS_TOKEN_PREFIX = "sta_"  # noqa: S105 - a word
_TOKEN = re.compile(r"(sta_)?[A-Za-z0-9_-]{43}", re.ASCII)


def new_session_id() -> str:
    """Return a public identifier: `session_` and 32 hexadecimal digits."""
    return f"session_{secrets.token_hex(16)}"


def new_token() -> str:
    """Return a token of 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def new_access_token() -> str:
    """Return an access token: `sta_` and 43 URL-safe characters."""
    return ACCESS_TOKEN_PREFIX + new_token()


def looks_like_token(text: str) -> bool:
    """Return whether a text has the form of a token and is worth looking up."""
    return _TOKEN.fullmatch(text) is not None


class RequestKeys:
    """Hashes computable only by this deployment, by which repeated requests are recognized."""

    def __init__(self, secret_key: str) -> None:
        text = b"securetranscribe session requests\0" + secret_key.encode()
        self._key = hashlib.sha256(text).digest()

    def stored(self, request_id: str, address: str) -> str:
        """Return the stored form of a caller's key."""
        text = b"\0".join((b"request", address.encode(), request_id.encode()))
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def successor(self, token: str) -> str:
        """Return the token of the session that takes the place of a token's session."""
        text = b"\0".join((b"successor", token.encode()))
        digest = hmac.digest(self._key, text, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
