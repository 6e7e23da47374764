"""Memory does not grow with the size of an upload."""

import io
import struct
from collections.abc import Callable

from securetranscribe import SecureTranscribeClient

GIGABYTE = 1024**3
ALLOWED = 64 * 1024**2


class SilentWav(io.RawIOBase):
    """A WAV file of silence that is made while it is read."""

    def __init__(self, size: int) -> None:
        self.name = "silence.wav"
        self._header = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt "
        self._header += struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
        self._header += b"data" + struct.pack("<I", size - 44)
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        count = min(1 << 20 if size < 0 else size, self._size - self._position)
        data = self._header[self._position : self._position + count]
        data += bytes(count - len(data))
        self._position += count
        return data


def test_a_gigabyte_leaves_the_gateway_as_it_was(
    client: SecureTranscribeClient, resident_bytes: Callable[[str], int]
) -> None:
    client.get_session()
    before = {name: resident_bytes(name) for name in ("gateway", "transcriber-api")}
    uploaded = client.upload_audio(SilentWav(GIGABYTE))  # type: ignore[arg-type]
    grown = {name: resident_bytes(name) - size for name, size in before.items()}
    assert uploaded["file_size"] == GIGABYTE
    assert grown["gateway"] < ALLOWED, grown
    # The transcriber holds a few parts of the multipart upload and opens the object to look at it.
    assert grown["transcriber-api"] < 4 * ALLOWED, grown
    client.delete_transcription(uploaded["transcription_id"])
