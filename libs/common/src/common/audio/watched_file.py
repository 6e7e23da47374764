"""Files with reading errors kept apart from those of decoding."""

from common.audio.seekable import Seekable


class WatchedFile:
    """A file with its reading errors kept, so that they are not taken for a broken recording."""

    def __init__(self, file: Seekable) -> None:
        self._file = file
        self._failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, fewer only at the end of the file."""
        try:
            data = self._file.read(size)
            while data and len(data) < size and (more := self._file.read(size - len(data))):
                data += more
            return data
        except Exception as error:
            self._failure = error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position and return it."""
        try:
            return self._file.seek(offset, whence)
        except Exception as error:
            self._failure = error
            raise

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def raise_failure(self) -> None:
        """Raise the error of reading the source, if any. The decoder's error is only its result."""
        if self._failure is not None:
            raise self._failure
