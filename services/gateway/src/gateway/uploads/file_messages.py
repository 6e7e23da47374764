"""Messages with bytes of a file, put together without a copy for the message alone."""

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import Message

from common.piece_buffer import PieceBuffer

#: Half of the most that the transcriber takes at a time.
CHUNK_BYTES = 512 * 1024
_LENGTH_DELIMITED = 2
Request = TypeVar("Request", bound=Message)
Serialize = Callable[[Message | bytes], bytes]


def serialized(request: Message | bytes) -> bytes:
    """Return a request for the wire. Bytes are a serialized one."""
    return request if isinstance(request, bytes) else request.SerializeToString()


class FileMessages:
    """Bytes of a file on their way into serialized requests, in the field `chunk`."""

    def __init__(self, request: type[Message]) -> None:
        number = request.DESCRIPTOR.fields_by_name["chunk"].number
        self._tag = _varint(number << 3 | _LENGTH_DELIMITED)
        self._buffer = PieceBuffer()

    def __len__(self) -> int:
        """Return the number of bytes without a request."""
        return len(self._buffer)

    def add(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._buffer.add(data)

    @property
    def full(self) -> bool:
        """Return whether there are enough bytes for a full request."""
        return len(self._buffer) >= CHUNK_BYTES

    def take(self) -> bytes:
        """Return a serialized request with the first bytes, as many as are in a full one."""
        size = min(len(self._buffer), CHUNK_BYTES)
        return self._buffer.take(size, head=self._tag + _varint(size))


def _varint(value: int) -> bytes:
    """Return a number as protobuf encodes it."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
