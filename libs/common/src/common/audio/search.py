"""Search for patterns in files of any size."""

import re
from collections.abc import Iterator

from common.audio.seekable import Seekable

_CHUNK = 1 << 20


def matches(
    file: Seekable, pattern: re.Pattern[bytes], *, longest: int
) -> Iterator[tuple[int, bytes]]:
    """Yield each match of a pattern of at most `longest` bytes, and where it begins.

    The file is read once, in pieces. The position in it may be changed between matches.
    """
    position, tail = 0, b""
    while True:
        file.seek(position)
        chunk = file.read(_CHUNK)
        data, base = tail + chunk, position - len(tail)
        # The last bytes are left to the next round, which sees all of a match that begins there.
        kept = longest if chunk else 0
        for match in pattern.finditer(data):
            if match.start() < len(data) - kept:
                yield base + match.start(), match.group()
        if not chunk:
            return
        position += len(chunk)
        tail = data[max(0, len(data) - kept) :]
