"""Signatures of calls between services.

A signature is bound to the caller, the receiver, the method, the session that the call acts for
with its workspace and its rights, the client's address, and the request. Every receiver has a key
of its own, derived from SECRET_KEY. A worker holds only its own one: it can verify calls to itself,
and sign none to others.

Calls for open sessions carry the session and the workspace (`v2`), which services of the version
before understand. Calls for users, access tokens and links carry the whole caller (`v3`).
"""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from common.addresses import current_address
from common.errors import AuthenticationError
from common.identity import Caller, Grant, Identity
from common.identity_messages import caller_of, caller_text

SIGNATURE_HEADER = "x-service-auth"
SESSION_HEADER = "x-session-id"
WORKSPACE_HEADER = "x-workspace-id"
#: The session with its workspace and its rights, where these are not those of an open session.
CALLER_HEADER = "x-caller"
ADDRESS_HEADER = "x-client-address"
#: Digest of requests that come as a stream.
STREAMED = "-"
#: Calls may wait for a receiver that starts, and clocks may differ.
MAX_AGE_SECONDS = 60
_SIGNATURE = re.compile(
    r"(?P<version>v2|v3):(?P<service>[\w-]+):(?P<stamp>[0-9]{1,12}):(?P<digest>[0-9a-f]{64}|-):"
    r"(?P<mac>[0-9a-f]{64})",
    re.ASCII,
)
_NOBODY = Grant()


def acting_for(caller: Caller = _NOBODY) -> tuple[tuple[str, str], ...]:
    """Return metadata of a call for a session, or of a service's own. A channel signs it."""
    return tuple(_named(Grant.copy(caller)).items())


def owner_in(metadata: Mapping[str, str]) -> Grant | None:
    """Return the caller that `acting_for` has put into metadata, None without one."""
    if CALLER_HEADER in metadata:
        return caller_of(metadata[CALLER_HEADER])
    if SESSION_HEADER not in metadata:
        return None
    return Grant(
        session_id=metadata[SESSION_HEADER], workspace_id=metadata.get(WORKSPACE_HEADER, "")
    )


def _named(caller: Grant) -> dict[str, str]:
    if caller.is_open:
        return {SESSION_HEADER: caller.session_id, WORKSPACE_HEADER: caller.workspace_id}
    return {CALLER_HEADER: caller_text(caller)}


def receiver_key(secret_key: str, receiver: str) -> str:
    """Return the key of calls to a service, 64 hexadecimal digits."""
    text = f"securetranscribe calls to {receiver}\n{secret_key}"
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(request: bytes) -> str:
    """Return the digest of a serialized request."""
    return hashlib.sha256(request).hexdigest()


class CallSigner:
    """Signer of the calls from one service."""

    def __init__(self, secret_key: str, service: str) -> None:
        self._secret_key = secret_key
        self._service = service

    def sign(
        self, receiver: str, method: str, *, digest: str = STREAMED, owner: Caller = _NOBODY
    ) -> dict[str, str]:
        """Return metadata that proves the caller of `/package.Service/Method`.

        It passes on the address of the client whose request is being served.
        """
        named = _named(Grant.copy(owner))
        version = "v3" if CALLER_HEADER in named else "v2"
        address, stamp = current_address(), str(int(time.time()))
        key = receiver_key(self._secret_key, receiver)
        signed = (self._service, receiver, method, *named.values(), address, stamp, digest)
        return {
            SIGNATURE_HEADER: f"{version}:{self._service}:{stamp}:{digest}:"
            f"{_mac(key, version, *signed)}",
            **named,
            ADDRESS_HEADER: address,
        }


class CallVerifier:
    """Verifier of the calls to one service."""

    def __init__(self, key: str, service: str) -> None:
        """`key` is the service's own key (see `receiver_key`)."""
        self._key = key
        self._service = service

    def verify(self, method: str, metadata: Mapping[str, str]) -> Identity:
        """Return the identity behind a signature, with the digest of the request.

        Raises:
            AuthenticationError: the signature is malformed, wrong or too old.
        """
        match = _SIGNATURE.fullmatch(metadata.get(SIGNATURE_HEADER, ""))
        if match is not None and abs(time.time() - int(match["stamp"])) <= MAX_AGE_SECONDS:
            version, service, digest = match["version"], match["service"], match["digest"]
            names = (CALLER_HEADER,) if version == "v3" else (SESSION_HEADER, WORKSPACE_HEADER)
            named = {name: metadata.get(name, "") for name in names}
            address = metadata.get(ADDRESS_HEADER, "")
            signed = (service, self._service, method, *named.values(), address, match["stamp"])
            if hmac.compare_digest(match["mac"], _mac(self._key, version, *signed, digest)):
                return Identity.holding(
                    owner_in(named) or _NOBODY,
                    service=service,
                    client_address=address,
                    request_digest=digest,
                )
        raise AuthenticationError("The service signature is not valid.")


def _mac(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), "\0".join(parts).encode(), hashlib.sha256).hexdigest()
