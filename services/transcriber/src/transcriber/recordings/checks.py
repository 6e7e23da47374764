"""Checks of an upload before anything decodes it."""

import io
import re
import time
from typing import Any

from common.audio.detection import sniff
from common.audio.formats import extension_of, is_refused_name
from common.errors import FileUploadError
from common.objects import RangedObject

#: Where metadata lie in most formats. Markers behind it are not looked for: compressed sound
#: contains every sequence of bytes sooner or later. Among this few bytes, random ones hold a marker
#: once in a hundred million recordings.
_MARKED_BYTES = 1024
#: Beginnings of code that some servers run wherever it stands in a file.
_MARKERS = re.compile(rb"<script|<\?php", re.IGNORECASE)


class Hurried(io.RawIOBase):
    """An object with a deadline for reading it."""

    def __init__(self, inner: RangedObject, seconds: float) -> None:
        super().__init__()
        self._inner = inner
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._inner.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it."""
        return self._inner.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raise TimeoutError after the deadline."""
        if time.monotonic() > self._until:
            raise TimeoutError("the recording took too long to examine")
        return self._inner.readinto(buffer)


def judge(filename: str, head: bytes) -> None:
    """Reject files that are not audio, that carry script, or are named like programs or archives.

    Other names may contradict the content, which decides. `head` holds the first bytes:
    SNIFF_BYTES, or the whole file if it is shorter.

    Raises:
        FileUploadError: the file is empty, not audio, has a rejected name, or has script or PHP in
            its first kilobyte.
    """
    if not head:
        raise FileUploadError("The file is empty.", {"file_name": filename})
    if is_refused_name(filename):
        raise FileUploadError(
            f"Files named .{extension_of(filename)} are not accepted.", {"file_name": filename}
        )
    if sniff(head) is None:
        raise FileUploadError(
            "The file is not a kind of audio or video that can be read.", {"file_name": filename}
        )
    if _MARKERS.search(head[:_MARKED_BYTES]):
        raise FileUploadError(
            "The file has script or PHP code in its first kilobyte, where its tags are. Remove it "
            "and upload the file again.",
            {"file_name": filename},
        )
