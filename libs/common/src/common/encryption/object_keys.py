"""Where the object store finds the ciphers of objects."""

from typing import Protocol

from common.encryption.object_cipher import ObjectCipher


class ObjectKeys(Protocol):
    """Ciphers of stored objects by their buckets and keys."""

    async def reading(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher of a stored object, None if it is plain.

        Raises:
            NotFoundError: its key was erased, and so was the object.
            UnavailableError: a server does not answer.
        """
        ...

    async def writing(self, bucket: str, key: str) -> ObjectCipher | None:
        """Return the cipher to write an object with, None if it is to be plain.

        Raises:
            NotFoundError: what it belongs to was erased.
            UnavailableError: a server does not answer.
        """
        ...


class NoKeys:
    """`ObjectKeys` of a store without encryption."""

    async def reading(self, bucket: str, key: str) -> ObjectCipher | None:  # noqa: ARG002
        """Return None."""
        return None

    async def writing(self, bucket: str, key: str) -> ObjectCipher | None:  # noqa: ARG002
        """Return None."""
        return None


NO_KEYS = NoKeys()
