"""Holders of the deployment's key: this process, or a key service."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.encryption import wrapping
from common.encryption.records import KEY_BYTES
from common.encryption.wrapping import WrongKeyError


@dataclass(frozen=True, kw_only=True, slots=True)
class WrappedKey:
    """A key under a deployment's key with the name `by`."""

    data: bytes
    by: str


class KeyHolder(Protocol):
    """Whoever wraps the keys of workspaces."""

    async def current(self) -> str:
        """Return the name of the wrapping key.

        Raises:
            UnavailableError: the holder does not answer.
        """
        ...

    async def known(self, names: Sequence[str]) -> bool:
        """Return whether keys under all these names can be unwrapped."""
        ...

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """Wrap a key for a context.

        Raises:
            UnavailableError: the holder does not answer.
        """
        ...

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """Return a key wrapped for the context.

        Raises:
            WrongKeyError: it was wrapped with an unknown key or for another context.
            UnavailableError: the holder does not answer.
        """
        ...


class DeploymentKeys:
    """`KeyHolder` with keys of this process. The first one wraps, and all of them unwrap."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("there is no key")
        self._keys = {name_of(key): key for key in keys}
        self._current = name_of(keys[0])

    @classmethod
    def parse(cls, text: str) -> "DeploymentKeys":
        """Return the keys of a text, separated by commas or white space.

        Raises:
            ValueError: one of them is not 32 bytes in Base64 or hexadecimal digits.
        """
        return cls([parse_key(part) for part in text.replace(",", " ").split()])

    async def current(self) -> str:
        """Return the name of the first key."""
        return self._current

    async def known(self, names: Sequence[str]) -> bool:
        """Return whether all these keys are there."""
        return self._keys.keys() >= set(names)

    async def wrap(self, key: bytes, context: str) -> WrappedKey:
        """Wrap a key with the first one."""
        data = wrapping.wrap(self._keys[self._current], key, context)
        return WrappedKey(data=data, by=self._current)

    async def unwrap(self, wrapped: WrappedKey, context: str) -> bytes:
        """Unwrap a key with its wrapping key."""
        key = self._keys.get(wrapped.by)
        if key is None:
            raise WrongKeyError(f"it was wrapped with the key {wrapped.by}, which is missing")
        return wrapping.unwrap(key, wrapped.data, context)


def parse_key(text: str) -> bytes:
    """Return the key of a text.

    Raises:
        ValueError: it is not 32 bytes in Base64 (with either alphabet) or hexadecimal digits.
    """
    problem = ValueError(f"a key must be {KEY_BYTES} bytes, in Base64 or hexadecimal digits")
    try:
        if len(text) == 2 * KEY_BYTES:
            return bytes.fromhex(text)
        padded = text.rstrip("=").replace("+", "-").replace("/", "_")
        key = base64.b64decode(padded + "=" * (-len(padded) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise problem from None
    if len(key) != KEY_BYTES:
        raise problem
    return key


def name_of(key: bytes) -> str:
    """Return the name of a key, which reveals nothing about it: 16 hexadecimal digits."""
    return hmac.new(key, b"securetranscribe name of a key", hashlib.sha256).hexdigest()[:16]
