"""Where the object store finds the ciphers of objects."""

from collections.abc import Sequence
from typing import Protocol

from common.encryption.object_cipher import ObjectCipher
from common.postgres import Connection


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

    async def together(
        self, objects: Sequence[tuple[str, str]], connection: Connection
    ) -> "ObjectKeys":
        """Return keys that know those of some objects, by bucket and key.

        They are read in an open transaction, so that it does not wait for another one.
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

    async def together(
        self,
        objects: Sequence[tuple[str, str]],  # noqa: ARG002
        connection: Connection,  # noqa: ARG002
    ) -> ObjectKeys:
        """Return itself."""
        return self


NO_KEYS = NoKeys()
