"""Signatures of calls between services.

A signature is bound to the caller, the receiver, the method, the session that the call acts for
with its workspace, the client's address, and the request. Every receiver has a key of its own,
derived from SECRET_KEY. A worker holds only its own one: it can verify calls to itself, and sign
none to others.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from common.addresses import current_address
from common.errors import AuthenticationError
from common.identity import Identity, Owner

SIGNATURE_HEADER = "x-service-auth"
SESSION_HEADER = "x-session-id"
WORKSPACE_HEADER = "x-workspace-id"
ADDRESS_HEADER = "x-client-address"
#: Digest of requests that come as a stream.
STREAMED = "-"
#: Calls may wait for a receiver that starts, and clocks may differ.
MAX_AGE_SECONDS = 60
_SIGNATURE = re.compile(
    r"v2:(?P<service>[\w-]+):(?P<stamp>[0-9]{1,12}):(?P<digest>[0-9a-f]{64}|-):(?P<mac>[0-9a-f]{64})",
    re.ASCII,
)

_NOBODY = Identity()


def acting_for(owner: Owner = _NOBODY) -> tuple[tuple[str, str], ...]:
    """Return metadata of a call for a session, or of a service's own. A channel signs it."""
    return ((SESSION_HEADER, owner.session_id), (WORKSPACE_HEADER, owner.workspace_id))


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
        self, receiver: str, method: str, *, digest: str = STREAMED, owner: Owner = _NOBODY
    ) -> dict[str, str]:
        """Return metadata that proves the caller of `/package.Service/Method`.

        It passes on the address of the client whose request is being served.
        """
        session, workspace, address = owner.session_id, owner.workspace_id, current_address()
        stamp = str(int(time.time()))
        key = receiver_key(self._secret_key, receiver)
        mac = _mac(key, self._service, receiver, method, session, workspace, address, stamp, digest)
        signature = f"v2:{self._service}:{stamp}:{digest}:{mac}"
        return {
            SIGNATURE_HEADER: signature,
            SESSION_HEADER: session,
            WORKSPACE_HEADER: workspace,
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
        session = metadata.get(SESSION_HEADER, "")
        workspace = metadata.get(WORKSPACE_HEADER, "")
        address = metadata.get(ADDRESS_HEADER, "")
        if match is not None and abs(time.time() - int(match["stamp"])) <= MAX_AGE_SECONDS:
            service, stamp, digest = match["service"], match["stamp"], match["digest"]
            owner = (session, workspace, address)
            expected = _mac(self._key, service, self._service, method, *owner, stamp, digest)
            if hmac.compare_digest(match["mac"], expected):
                return Identity(
                    service=service,
                    session_id=session,
                    workspace_id=workspace,
                    client_address=address,
                    request_digest=digest,
                )
        raise AuthenticationError("The service signature is not valid.")


def _mac(key: str, *parts: str) -> str:
    return hmac.new(key.encode(), "\0".join(("v2", *parts)).encode(), hashlib.sha256).hexdigest()
