"""Files that can be read at any position."""

from typing import Protocol


class Seekable(Protocol):
    """The part of a binary file's interface that reading at any position takes."""

    def read(self, size: int = -1, /) -> bytes: ...  # noqa: D102
    def seek(self, offset: int, whence: int = 0, /) -> int: ...  # noqa: D102
    def tell(self) -> int: ...  # noqa: D102
