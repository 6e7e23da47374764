"""The `Idempotency-Key` header, and fingerprints of the requests that carry it.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header
"""

import hashlib
import hmac
import re

from starlette.datastructures import Headers
from starlette.types import Scope

from common.errors import ValidationError
from gateway.sessions.session import Session

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 255
# A string as the draft has it, in quotes, or the same without quotes, as many clients send it.
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_PLAIN = re.compile(r"[\x21\x23-\x7e][\x20-\x7e]*")
_ESCAPED = re.compile(r"\\(.)")
#: Headers that are part of a request, because they change what it does.
_MEANINGFUL = ("if-match", "upload-length", "upload-metadata", "upload-offset", "upload-checksum")


def key_of(scope: Scope) -> str | None:
    """Return the key of a request, None without one.

    Raises:
        ValidationError: there are several keys, or it is not one.
    """
    found = Headers(scope=scope).getlist(HEADER)
    if not found:
        return None
    text = found[0].strip()
    quoted = _QUOTED.fullmatch(text)
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else text
    plain = quoted is not None or _PLAIN.fullmatch(text) is not None
    if len(found) > 1 or not plain or not 1 <= len(key) <= LONGEST_KEY:
        raise ValidationError.of(
            HEADER, f"Send one {HEADER} of 1 to {LONGEST_KEY} visible ASCII characters."
        )
    return key


class Digests:
    """Keyed hashes of keys and requests, from which nobody finds a password in a request."""

    def __init__(self, secret_key: str) -> None:
        self._secret = hashlib.sha256(f"idempotency\n{secret_key}".encode()).digest()

    def of_key(self, key: str, session: Session) -> str:
        """Return the hash of a key under which its request is stored in a workspace.

        Users of a workspace do not share keys, nor do access tokens with different scopes.
        """
        return self._of(*self._key_parts(key, session))

    def seal_of(self, key: str, session: Session) -> bytes:
        """Return the secret (32 bytes) that encrypts the answer to the request of a key.

        It takes the client's key, of which nothing is stored. An answer outlives what it is about,
        for example a deleted transcription, and nobody else can read it then.
        """
        return bytes.fromhex(self._of("answer", *self._key_parts(key, session)))

    def of_request(self, scope: Scope, body: bytes | None) -> str:
        """Return the hash of a request. `body` is None if it is not compared as a whole."""
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        meaningful = [f"{name}: {headers.get(name, '')}" for name in _MEANINGFUL]
        content = "" if body is None else hashlib.sha256(body).hexdigest()
        query = scope["query_string"].decode("latin-1")
        path = scope["path"].replace("/api/v1/", "/api/", 1)
        return self._of(scope["method"], path, query, kind, *meaningful, content)

    def _key_parts(self, key: str, session: Session) -> tuple[str, ...]:
        scopes = "" if session.scopes is None else " ".join(sorted(map(str, session.scopes)))
        return session.user_id, session.link_id, scopes, key

    def _of(self, *parts: str) -> str:
        return hmac.digest(self._secret, "\n".join(parts).encode(), "sha256").hex()
