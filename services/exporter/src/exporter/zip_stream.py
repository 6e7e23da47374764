"""A ZIP archive that is made as it is read: nothing but the member being written is in memory."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # what the format can say


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; cannot seek, so the archive does not try."""

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
        """What was written since the last call."""
        if self._chunks:
            yield b"".join(self._chunks)
            self._chunks = []


def zip_stream(
    members: Iterable[tuple[str, Iterable[bytes]]], *, moment: datetime | None = None
) -> Iterator[bytes]:
    """The bytes of an archive of the members, each a name and its chunks, in their order.

    `moment` is the time that all members bear; without one it is the format's earliest.
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
