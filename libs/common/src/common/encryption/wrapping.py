"""Keys encrypted with other keys. The owner of a key is part of its protection."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common.encryption.records import KEY_BYTES

_NONCE_BYTES = 12
#: First byte of what is wrapped, so that another algorithm can follow.
_FORMAT = b"\x01"


class WrongKeyError(Exception):
    """Something was wrapped with another key or for another owner, or was altered."""


def new_key() -> bytes:
    """Return a random key."""
    return os.urandom(KEY_BYTES)


def derived_key(secret: bytes, purpose: str) -> bytes:
    """Return a key for one purpose of a secret with at least 256 random bits."""
    info = f"securetranscribe {purpose} 1".encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def wrap(key: bytes, secret: bytes, context: str) -> bytes:
    """Return a secret encrypted with a key, for a context such as `workspace/ab12`."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, secret, context.encode())


def unwrap(key: bytes, wrapped: bytes, context: str) -> bytes:
    """Return a secret from its encrypted form.

    Raises:
        WrongKeyError: it was wrapped with another key or for another context, or altered.
    """
    nonce, secret = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
    if wrapped[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
        raise WrongKeyError("this is no wrapped key")
    try:
        return AESGCM(key).decrypt(nonce, secret, context.encode())
    except InvalidTag:
        raise WrongKeyError("it was wrapped with another key or for another owner") from None
