"""ZIP archives written as a stream. Memory use does not depend on the size of members."""

import io
import zipfile
from datetime import datetime
from typing import IO

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that ZIP can represent
#: Larger members need the ZIP64 extension, which has to be chosen before their size is known.
_ZIP64_BYTES = 1 << 31


class _Sink(io.RawIOBase):
    """Buffer for written bytes until they are taken. Not seekable, so the archive is streamed."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(memoryview(data))  # type: ignore[arg-type]
        self._chunks.append(chunk)
        self._position += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        taken = b"".join(self._chunks)
        self._chunks = []
        return taken


class ZipStream:
    """A ZIP archive whose bytes are returned as they come to be, possibly none.

    Example: `begin("a.txt")`, `write(b"one")`, `end()`, and `finish()` after the last member.
    """

    def __init__(self, *, moment: datetime | None = None) -> None:
        """All members have the modification time `moment`, or 1980 without one."""
        late = moment is not None and moment.year >= _EARLIEST[0]
        self._stamp = moment.timetuple()[:6] if moment is not None and late else _EARLIEST
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w")
        self._member: IO[bytes] | None = None

    def begin(self, name: str, *, compressed: bool = True, size: int = 0) -> bytes:
        """Begin a member of about `size` bytes. It is stored as it is unless `compressed`."""
        info = zipfile.ZipInfo(name, date_time=self._stamp)
        info.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        self._member = self._archive.open(info, "w", force_zip64=size >= _ZIP64_BYTES)
        return self._sink.take()

    def write(self, chunk: bytes) -> bytes:
        """Add bytes to the member that was begun."""
        assert self._member is not None, "no member was begun"
        self._member.write(chunk)
        return self._sink.take()

    def end(self) -> bytes:
        """End the member."""
        assert self._member is not None, "no member was begun"
        self._member.close()
        self._member = None
        return self._sink.take()

    def finish(self) -> bytes:
        """End the archive."""
        self._archive.close()
        return self._sink.take()
