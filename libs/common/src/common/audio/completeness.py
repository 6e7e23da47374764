"""How long a file is by its own structure, in bytes."""

import string
import struct
from collections.abc import Callable, Iterator

from common.audio.kinds import AudioKind
from common.audio.placeholders import is_placeholder
from common.audio.seekable import Seekable

_HEAD_BYTES = 65_536
_MOST_BOXES = 100_000
_LETTERS = (string.ascii_letters + string.digits + " _").encode()
_SEGMENT = b"\x18\x53\x80\x67"
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def stated_end(file: Seekable, kind: AudioKind) -> int | None:
    """Return the size in bytes stated by a file, None if it states no possible one.

    The position in the file is kept.
    """
    find = _FINDERS.get(kind)
    if find is None:
        return None
    position = file.tell()
    try:
        end = find(file)
    finally:
        file.seek(position)
    return None if end is None or is_placeholder(end) else end


def _read(file: Seekable, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)


def _end_of_avi(file: Seekable) -> int | None:
    """Return where the last part ends. Long files have several."""
    place = 0
    for _ in range(_MOST_BOXES):
        head = _read(file, place, 12)
        if len(head) < 12 or head[:4] != b"RIFF" or not head[8:12].startswith(b"AVI"):
            break
        place += 8 + int.from_bytes(head[4:8], "little")
    return place or None


def _end_of_aiff(file: Seekable) -> int | None:
    return 8 + int.from_bytes(_read(file, 4, 4), "big")


def _end_of_au(file: Seekable) -> int | None:
    begin, size = struct.unpack(">II", _read(file, 4, 8).ljust(8, b"\0"))
    return int(begin + size)


def _end_of_caf(file: Seekable) -> int | None:
    """Return where the last chunk ends."""
    place = 8
    for _ in range(_MOST_BOXES):
        head = _read(file, place, 12)
        if len(head) < 12 or head[:4].strip(_LETTERS):
            break
        size = int.from_bytes(head[4:12], "big", signed=True)
        if size < 0:
            return None
        place += 12 + size
    return place


def _end_of_mp4(file: Seekable) -> int | None:
    """Return where the last box ends."""
    ends = [end for _, end in _boxes(file)]
    return ends[-1] if ends else None


def lacks_index(file: Seekable) -> bool:
    """Return whether an MP4 file has sound or pictures, but not the index to read them by."""
    names = {name for name, _ in _boxes(file)}
    return b"mdat" in names and not names & {b"moov", b"moof"}


def _boxes(file: Seekable) -> Iterator[tuple[bytes, int | None]]:
    """Yield the name of each box, and where it ends, None if that is with the file."""
    place = 0
    for _ in range(_MOST_BOXES):
        head = _read(file, place, 16)
        if len(head) < 8:
            return
        if head[4:8].strip(_LETTERS):
            # Other bytes behind the recording.
            return
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        place += size
        yield head[4:8], place if size >= 8 else None
        if size < 8:
            return


def _end_of_matroska(file: Seekable) -> int | None:
    head = _read(file, 0, _HEAD_BYTES)
    at = head.find(_SEGMENT)
    return None if at < 0 else segment_end(head, at)


def segment_end(head: bytes, place: int) -> int | None:
    """Return the end of the segment of a Matroska file by the place of its header.

    None if the header does not state it, as in live recordings.
    """
    field = head[place + 4 : place + 12]
    if not field or not field[0]:
        return None
    length = 9 - field[0].bit_length()
    stated = int.from_bytes(field[:length], "big") & ((1 << 7 * length) - 1)
    is_unknown = stated == (1 << 7 * length) - 1 or len(field) < length
    return None if is_unknown else place + 4 + length + stated


def _end_of_mp3(file: Seekable) -> int | None:
    counts = mp3_counts(_read(file, 0, _HEAD_BYTES))
    return counts[1] if counts else None


def mp3_counts(head: bytes) -> tuple[int, int | None] | None:
    """Return the frames and bytes stated by the first frame of an MP3, None if it states none."""
    frame = head[:1_024]
    vbri = frame.find(b"VBRI")
    if vbri >= 0 and len(frame) >= vbri + 18:
        size, frames = struct.unpack_from(">II", frame, vbri + 10)
        return frames, size or None
    at = max(frame.find(name) for name in (b"Xing", b"Info"))
    if at < 0 or len(frame) < at + 16:
        return None
    flags, frames, size = struct.unpack_from(">III", frame, at + 4)
    if not flags & 1 or not frames:
        return None
    return frames, (size or None) if flags & 2 else None


def asf_properties(head: bytes) -> bytes | None:
    """Return the object with the properties of an ASF file, None if it is not there."""
    at = head.find(_ASF_PROPERTIES)
    found = head[at : at + 104]
    return found if at >= 0 and len(found) == 104 else None


def _end_of_asf(file: Seekable) -> int | None:
    properties = asf_properties(_read(file, 0, _HEAD_BYTES))
    return struct.unpack_from("<Q", properties, 40)[0] or None if properties else None


_FINDERS: dict[AudioKind, Callable[[Seekable], int | None]] = {
    AudioKind.AIFF: _end_of_aiff,
    AudioKind.ASF: _end_of_asf,
    AudioKind.AU: _end_of_au,
    AudioKind.AVI: _end_of_avi,
    AudioKind.CAF: _end_of_caf,
    AudioKind.MATROSKA: _end_of_matroska,
    AudioKind.MP3: _end_of_mp3,
    AudioKind.MP4: _end_of_mp4,
}
