"""Streamed ZIP archives. Memory use does not depend on the size of members."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that ZIP can represent


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

    def take(self) -> Iterator[bytes]:
        """Yield the bytes written since the last call."""
        if self._chunks:
            yield b"".join(self._chunks)
            self._chunks = []


def zip_stream(
    members: Iterable[tuple[str, Iterable[bytes]]], *, moment: datetime | None = None
) -> Iterator[bytes]:
    """Yield an archive of the members, each given as a name and its chunks.

    All members have the modification time `moment`, or 1980 without one.
    """
    stamp = moment.timetuple()[:6] if moment and moment.year >= _EARLIEST[0] else _EARLIEST
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in members:
            info = zipfile.ZipInfo(name, date_time=stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w") as member:
                for chunk in chunks:
                    member.write(chunk)
                    yield from sink.take()
            yield from sink.take()
    yield from sink.take()
