"""Cipher of one object, with a key of its own derived from the data key of its recording."""

import base64
import binascii
import hashlib
import io
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from common.encryption import records
from common.encryption.records import CHUNK_BYTES, KEY_BYTES, Buffer, Fetch, RangeReader

_SCOPE = b"securetranscribe object 1\n"
#: Chunks that a sealed file encrypts at a time. They are sent in one step, from the processor's
#: cache.
_AT_A_TIME = 3


class ObjectCipher:
    """Encrypts and decrypts one object. Whoever has it can reach no other object.

    Its name is part of the key, so an object put in place of another is refused.
    """

    def __init__(self, secret: bytes) -> None:
        """`secret` is the key of the object."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key of an object has {KEY_BYTES} bytes")
        self._secret = secret
        self._key = AESGCM(secret)

    @classmethod
    def derive(cls, data_key: bytes, name: str) -> "ObjectCipher":
        """Return the cipher of the object with a name, under the data key of its recording."""
        derivation = HKDF(
            algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=_SCOPE + name.encode()
        )
        return cls(derivation.derive(data_key))

    @classmethod
    def parse(cls, text: str) -> "ObjectCipher":
        """Return the cipher of a text made by `text`. Raise ValueError if it is none."""
        try:
            return cls(base64.urlsafe_b64decode(text))
        except binascii.Error as error:
            raise ValueError("this is no key of an object") from error

    def text(self) -> str:
        """Return the secret as text."""
        return base64.urlsafe_b64encode(self._secret).decode()

    def seal(self, data: Buffer) -> bytearray:
        """Return a whole object, encrypted."""
        return records.seal(self._key, data, version=records.new_version())

    def seal_part(self, data: Buffer, *, version: bytes, offset: int, last: bool) -> bytearray:
        """Return a part of an object, encrypted.

        Its first byte has the `offset`, which must be the beginning of a chunk.
        """
        first, rest = divmod(offset, CHUNK_BYTES)
        if rest:
            raise ValueError("a part begins with a chunk")
        return records.seal(self._key, data, version=version, first=first, last=last)

    def unseal(self, sealed: Buffer) -> bytes:
        """Return the plain bytes of a whole object.

        Raises:
            DamagedObjectError: the object was altered.
        """
        reader = self.reader(lambda offset, length: sealed[offset : offset + length], len(sealed))
        return reader.read(0, reader.size)

    def reader(self, fetch: Fetch, sealed: int) -> RangeReader:
        """Return a reader of plain ranges of an object with `sealed` stored bytes.

        Raises:
            DamagedObjectError: no encrypted object has this size.
        """
        return RangeReader(self._key, fetch, sealed=sealed)


def version_of_parts(upload_id: str) -> bytes:
    """Return the version of an object with parts written by several processes."""
    return hashlib.sha256(upload_id.encode()).digest()[: records.VERSION_BYTES]


class SealedFile:
    """The encrypted bytes of a plain file, made as they are read. It can be read again from 0."""

    def __init__(self, file: BinaryIO, size: int, cipher: ObjectCipher) -> None:
        """`size` is the number of plain bytes."""
        self._file = file
        self._plain = size
        self._cipher = cipher
        self.size = records.sealed_size(size)
        self._ready = memoryview(b"")
        self._position = 0
        self._taken = 0
        self._ended = False
        self._begin()

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Return to the beginning. Other places are not needed."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("an encrypted file is only read from its beginning")
        self._begin()
        return 0

    def read(self, most: int) -> memoryview:
        """Return the next bytes, as far as they are encrypted. There are none at the end."""
        if not self._ready and not self._ended:
            self._seal_more()
        data, self._ready = self._ready[:most], self._ready[most:]
        self._position += len(data)
        return data

    def _begin(self) -> None:
        self._file.seek(0)
        self._version = records.new_version()
        self._ready = memoryview(b"")
        self._position = 0
        self._taken = 0
        self._ended = False

    def _seal_more(self) -> None:
        wanted = min(_AT_A_TIME * CHUNK_BYTES, self._plain - self._taken)
        data = self._file.read(wanted)
        while len(data) < wanted:
            more = self._file.read(wanted - len(data))
            if not more:
                raise EOFError("the file is shorter than it was")
            data += more
        self._ended = self._taken + len(data) == self._plain
        sealed = self._cipher.seal_part(
            data, version=self._version, offset=self._taken, last=self._ended
        )
        self._taken += len(data)
        self._ready = memoryview(sealed)
