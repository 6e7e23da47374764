"""Identity of callers: sessions with a token, and services that sign their calls."""

import contextvars
import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field

from common.errors import AuthenticationError

SERVICE_HEADER = "x-service-auth"
SESSION_HEADER = "x-session-id"
_MAX_AGE_SECONDS = 300
_SIGNATURE = re.compile(r"v1:([\w-]+):([0-9]{1,12}):([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The caller of the current request.

    `session_id` is empty when a service acts for no session. `service` is empty when a session
    calls directly. `token` is empty unless the caller sent one.
    """

    session_id: str = ""
    service: str = ""
    token: str = field(default="", repr=False)


_current: contextvars.ContextVar[Identity | None] = contextvars.ContextVar("identity", default=None)


def current() -> Identity:
    """Return the caller of the current request.

    Raises:
        AuthenticationError: no caller has been established.
    """
    identity = _current.get()
    if identity is None:
        raise AuthenticationError("Authentication is required.")
    return identity


def current_or_none() -> Identity | None:
    """Return the caller, or None outside a request."""
    return _current.get()


def use(identity: Identity | None) -> contextvars.Token[Identity | None]:
    """Make this the caller in the current context. Pass the result to `reset`."""
    return _current.set(identity)


def reset(token: contextvars.Token[Identity | None]) -> None:
    """Undo `use`."""
    _current.reset(token)


def session_id() -> str:
    """Return the id of the calling session.

    Raises:
        AuthenticationError: the caller is not a session and acts for none.
    """
    identity = current()
    if not identity.session_id:
        raise AuthenticationError("A session is required.")
    return identity.session_id


def hash_token(token: str) -> str:
    """Return the SHA-256 of a session token. Tokens are stored and published only in this form."""
    return hashlib.sha256(token.encode()).hexdigest()


class ServiceSigner:
    """Signatures of calls between services, with a key derived from SECRET_KEY."""

    def __init__(self, secret_key: str, service: str) -> None:
        self._key = hashlib.sha256(
            b"securetranscribe service calls\0" + secret_key.encode()
        ).digest()
        self._service = service

    def sign(self, session: str = "") -> dict[str, str]:
        """Return metadata that proves the calling service and, optionally, its session."""
        stamp = str(int(time.time()))
        mac = self._mac(self._service, stamp, session)
        metadata = {SERVICE_HEADER: f"v1:{self._service}:{stamp}:{mac}"}
        if session:
            metadata[SESSION_HEADER] = session
        return metadata

    def verify(self, value: str, session: str = "") -> Identity:
        """Return the identity behind a signature.

        Raises:
            AuthenticationError: the signature is malformed, wrong or older than five minutes.
        """
        match = _SIGNATURE.fullmatch(value)
        if match is not None:
            service, stamp, mac = match.groups()
            fresh = abs(time.time() - int(stamp)) <= _MAX_AGE_SECONDS
            if fresh and hmac.compare_digest(mac, self._mac(service, stamp, session)):
                return Identity(service=service, session_id=session)
        raise AuthenticationError("The service signature is not valid.")

    def _mac(self, service: str, stamp: str, session: str) -> str:
        text = f"v1\0{service}\0{stamp}\0{session}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()
