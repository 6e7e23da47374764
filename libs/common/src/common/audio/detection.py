"""Detection of a file's kind by its content.

No media library is needed, so that a file can be rejected before anything decodes it.
"""

import io
import re
from dataclasses import dataclass

from common.audio.formats import FORMATS
from common.audio.kinds import JUNK_BYTES, SNIFF_BYTES, AudioKind
from common.audio.seekable import Seekable

#: Tags that are looked past, one after the other.
_MOST_TAGS = 8
#: Zeros that the size at the beginning of an MP4 file may begin with.
_MOST_ZEROS_OF_A_SIZE = 3
#: Other types of files. Sound may lie in them, but they are no recordings.
_OTHER_FILES = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|BM....\0\0\0\0|II\*\0|MM\0\*|RIFF|FORM"
    rb"|%PDF|\xd0\xcf\x11\xe0|\{\\rtf|#! ?/|SQLite format 3|AT&TFORM"
    rb"|(?:\xef\xbb\xbf)?\s*<(?:!|\?xml|html|head|body|script|svg)"
    rb"|PK(?:\x01\x02|\x03\x04|\x05\x06|\x07\x08)|Rar!\x1a|7z\xbc\xaf|\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ"
    rb"|\x28\xb5\x2f\xfd|MSCF|.{257}ustar"
    rb"|MZ.{60}\0\0|\x7fELF|\xca\xfe\xba\xbe|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\0asm|!<arch>",
    re.DOTALL,
)
_MULTIPLEXES = frozenset({AudioKind.MPEG_PS, AudioKind.MPEG_TS})


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """The kind of a file, and the byte at which it starts: behind tags, zeros and junk."""

    kind: AudioKind
    start: int = 0


def sniff(head: bytes) -> AudioKind | None:
    """Return the kind of a file by its first bytes, None if it is no recording.

    `head` holds SNIFF_BYTES, or the whole file if it is shorter. A file with a longer leading tag
    counts as MP3, as it nearly always is.
    """
    found = detect(io.BytesIO(head))
    if found is not None:
        return found.kind
    tags = tags_length(io.BytesIO(head))
    goes_on = len(head) >= SNIFF_BYTES and tags > JUNK_BYTES
    return AudioKind.MP3 if goes_on else None


def detect(file: Seekable) -> Detected | None:
    """Return the kind of a file and where it starts, None if it is no recording.

    The position ends at 0.
    """
    size = file.seek(0, io.SEEK_END)
    tags = tags_length(file)
    # A tag that states a wrong length may hide the sound, which is then found as behind junk.
    for start in (tags, 10) if tags else (0,):
        if start < size:
            file.seek(start)
            found = _recognize(file.read(SNIFF_BYTES))
            if found is not None:
                file.seek(0)
                return Detected(kind=found.kind, start=start + found.start)
    file.seek(0)
    return None


def tags_length(file: Seekable) -> int:
    """Return the length in bytes of all ID3v2 and APEv2 tags at the beginning."""
    total = 0
    for _ in range(_MOST_TAGS):
        file.seek(total)
        length = _tag_length(file.read(32))
        if not length:
            break
        total += length
    return total


def _tag_length(head: bytes) -> int:
    if head[:3] == b"ID3" and len(head) >= 10 and head[3] < 0xFF:
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        footer = 10 if head[5] & 0x10 else 0
        return 10 + length + footer
    if head[:8] == b"APETAGEX" and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def _recognize(head: bytes) -> Detected | None:
    zeros = len(head) - len(head.lstrip(b"\0"))
    if zeros == len(head) or zeros > JUNK_BYTES:
        return None
    # Zeros may belong to the file or lie before it.
    places = {0, *range(max(0, zeros - _MOST_ZEROS_OF_A_SIZE), zeros + 1)}
    for place in sorted(places):
        for form in FORMATS:
            if form.signature is not None and form.signature.match(head, place):
                return Detected(kind=form.kind, start=place)
    if _OTHER_FILES.match(head, zeros) or _OTHER_FILES.match(head):
        return None
    return _by_frames(head, zeros)


def _by_frames(head: bytes, zeros: int) -> Detected | None:
    """Return the kind whose frames begin first."""
    begin = max(0, zeros - _MOST_ZEROS_OF_A_SIZE)
    found = [
        Detected(kind=form.kind, start=start)
        for form in FORMATS
        if form.sync is not None
        and (start := form.sync.find(head, begin, junk=JUNK_BYTES if form.anywhere else 0))
        is not None
    ]
    # Packets of a multiplex hold pieces of other streams.
    return min(found, key=lambda one: (one.kind not in _MULTIPLEXES, one.start), default=None)
