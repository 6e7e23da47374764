"""Places where streams without a file header can be entered: several frames in a row.

Players pass over junk until frames follow. A single header is two or three bytes of little meaning,
so frames count only if the next ones lie where the first one says, with the same parameters.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat

from common.audio.kinds import JUNK_BYTES

#: Bounds the work that a hostile file can cause.
_MOST_CANDIDATES = 4_000
#: Tags and padding that may follow the last frame of a short file.
_TRAILER = re.compile(rb"TAG|APETAGEX|LYRICSBEGIN|ID3|\x00*\Z")
#: Start code of a pack in program streams.
_PACK = 0xBA
_TS_PACKETS = 48
_FEWEST_PACKETS = 5
#: Each takes as long as dozens of other frames. As much junk as is passed over has about 70.
_MOST_PACKET_RUNS = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame's length in bytes, and the parameters shared with its neighbors."""

    size: int
    alike: object = None


@dataclass(frozen=True, slots=True)
class FrameSync:
    """Frames of one sort.

    `header` matches where a frame may begin. `enter` takes the data and such a place, and returns
    where reading can start, None if no frames follow. At most `most` places are tried.
    """

    header: re.Pattern[bytes]
    enter: Callable[[bytes, int], int | None]
    most: int = _MOST_CANDIDATES

    def find(self, data: bytes, begin: int = 0, *, junk: int = JUNK_BYTES) -> int | None:
        """Return where the frames start, at most `junk` bytes after `begin`."""
        matches = self.header.finditer(data, begin, min(len(data), begin + junk + 16))
        for match in islice(matches, self.most):
            start = self.enter(data, match.start())
            if start is not None and begin <= start <= begin + junk:
                return start
        return None


def _bytes_where(test: Callable[[int], bool]) -> bytes:
    """Return a regular expression for the bytes passing a test."""
    return b"[" + b"".join(re.escape(bytes([value])) for value in range(256) if test(value)) + b"]"


def _pattern(*parts: bytes) -> re.Pattern[bytes]:
    """Return a pattern of adjacent parts that also finds overlapping matches."""
    return re.compile(b"(?=" + b"".join(parts) + b")", re.DOTALL)


def _chain(
    data: bytes,
    start: int,
    *,
    header: re.Pattern[bytes],
    read: Callable[[bytes, int], Frame],
    count: int,
) -> int | None:
    """Return `start` if `count` frames follow, or at least two that fill a whole short file."""
    at, seen, alike = start, 0, None
    while seen < count and at < len(data) and header.match(data, at):
        frame = read(data, at)
        if frame.size <= 0 or (seen and frame.alike != alike):
            return None
        alike = frame.alike
        seen += 1
        at += frame.size
    if seen == count:
        return start
    filled = start == 0 and seen > 1 and _TRAILER.match(data, min(at, len(data)))
    return start if filled else None


def _frames(
    header: re.Pattern[bytes], read: Callable[[bytes, int], Frame], *, count: int
) -> FrameSync:
    return FrameSync(header, partial(_chain, header=header, read=read, count=count))


_KILOBITS = {
    # By version (1 or 2) and layer.
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MPEG_RATES = (44_100, 48_000, 32_000)


def mpeg_audio_samples(header: bytes) -> tuple[int, int]:
    """Return the samples in a frame of MPEG audio, and their rate in Hz."""
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate = _MPEG_RATES[header[2] >> 2 & 3] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return 384, rate
    return 1_152 if layer == 2 or version == 3 else 576, rate


def _mpeg_audio(data: bytes, at: int) -> Frame:
    header = data[at : at + 3]
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    samples, rate = mpeg_audio_samples(header)
    bits = 1_000 * _KILOBITS[1 if version == 3 else 2, layer][(header[2] >> 4) - 1]
    padding = header[2] >> 1 & 1
    if layer == 1:
        size = (12 * bits // rate + padding) * 4
    else:
        size = samples // 8 * bits // rate + padding
    return Frame(size, (header[1] & 0xFE, header[2] >> 2 & 3))


def _adts(data: bytes, at: int) -> Frame:
    head = data[at : at + 7]
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return Frame(size if size > 7 else 0, (head[1], head[2], head[3] >> 6))


def _loas(data: bytes, at: int) -> Frame:
    size = (data[at + 1] & 0x1F) << 8 | data[at + 2]
    return Frame(3 + size if size else 0)


_AC3_RATES = (48_000, 44_100, 32_000)
_AC3_KILOBITS = (
    *(32, 40, 48, 56, 64, 80, 96, 112, 128, 160),
    *(192, 224, 256, 320, 384, 448, 512, 576, 640),
)


def _ac3(data: bytes, at: int) -> Frame:
    rate, code = data[at + 4] >> 6, data[at + 4] & 0x3F
    words = _AC3_KILOBITS[code >> 1] * 96_000 // _AC3_RATES[rate]
    return Frame(2 * (words + (code & 1 if rate == 1 else 0)), (rate, code >> 1))


def _eac3(data: bytes, at: int) -> Frame:
    size = 2 * (((data[at + 2] & 7) << 8 | data[at + 3]) + 1)
    return Frame(size if size > 6 else 0, data[at + 4] >> 6)


def _dts(data: bytes, at: int) -> Frame:
    head = data[at : at + 10]
    if head[0] == 0xFE:  # Its 16-bit words are little-endian.
        head = bytes(head[index ^ 1] for index in range(10))
    size = ((head[5] & 3) << 12 | head[6] << 4 | head[7] >> 4) + 1
    return Frame(size if size >= 96 else 0, (head[0], head[8] >> 2 & 0x0F))


def _transport(data: bytes, at: int) -> int | None:
    """Find packets of 188 bytes, or of 192 as on Blu-ray, where four bytes precede each."""
    for step in (188, 192, 204):
        places = range(at, len(data) - 12, step)[:_TS_PACKETS]
        if len(places) < _FEWEST_PACKETS or not all(map(_is_packet, repeat(data), places)):
            continue
        heads = [data[place : place + 13] for place in places]
        if _counted(heads) or any(map(_begins_unit, heads)):
            before = 4 if step == 192 else 0
            return at - before if at >= before else at + step - before
    return None


def _is_packet(data: bytes, place: int) -> bool:
    return TRANSPORT.header.match(data, place) is not None


def _counted(heads: Iterable[bytes]) -> bool:
    """Return whether the continuity counters of the packets run on."""
    last: dict[int, int] = {}
    right = wrong = 0
    for head in heads:
        identity, counter = (head[1] & 0x1F) << 8 | head[2], head[3] & 0x0F
        if head[3] & 0x10 and identity != 0x1FFF:  # Neither without payload nor a null packet.
            before = last.get(identity)
            right += before is not None and counter == (before + 1) % 16
            wrong += before is not None and counter != (before + 1) % 16
            last[identity] = counter
    return right >= 3 and right > 10 * wrong


def _begins_unit(head: bytes) -> bool:
    """Return whether a packet's payload begins a stream's packet or the table of programs."""
    if not head[1] & 0x40:
        return False
    adaptation = 1 + head[4] if head[3] & 0x20 else 0
    payload = head[4 + adaptation :]
    is_table = head[1] & 0x1F == head[2] == 0 and payload[:2] == bytes(2)
    return payload[:3] == b"\x00\x00\x01" or is_table


def _program(data: bytes, at: int) -> Frame:
    """Read a pack's header, or a packet."""
    if data[at + 3] != _PACK:
        return Frame(6 + (data[at + 4] << 8 | data[at + 5]))
    is_modern = data[at + 4] >> 6 == 1
    return Frame(14 + (data[at + 13] & 7) if is_modern else 12)


MPEG_AUDIO = _frames(
    _pattern(
        b"\xff",
        _bytes_where(lambda byte: byte >= 0xE0 and byte >> 3 & 3 != 1 and byte & 6 != 0),
        _bytes_where(lambda byte: 0 < byte >> 4 < 15 and byte >> 2 & 3 != 3),
        b".",
    ),
    _mpeg_audio,
    count=4,
)
ADTS = _frames(
    _pattern(b"\xff[\xf0\xf1\xf8\xf9]", _bytes_where(lambda byte: byte >> 2 & 0x0F < 13), b".{4}"),
    _adts,
    count=4,
)
LOAS = _frames(_pattern(b"\x56[\xe0-\xff]."), _loas, count=16)
AC3 = _frames(
    _pattern(
        rb"\x0b\x77..",
        _bytes_where(lambda byte: byte >> 6 != 3 and byte & 0x3F < 38),
        _bytes_where(lambda byte: byte >> 3 <= 10),
    ),
    _ac3,
    count=3,
)
EAC3 = _frames(
    _pattern(rb"\x0b\x77...", _bytes_where(lambda byte: 10 < byte >> 3 <= 16)), _eac3, count=3
)
DTS = _frames(_pattern(rb"(?:\x7f\xfe\x80\x01|\xfe\x7f\x01\x80).{6}"), _dts, count=3)
TRANSPORT = FrameSync(
    _pattern(
        b"G",
        _bytes_where(lambda byte: byte < 0x80),
        b".",
        _bytes_where(lambda byte: byte >> 6 != 1 and byte & 0x30 != 0),
    ),
    _transport,
    most=_MOST_PACKET_RUNS,
)
PROGRAM = FrameSync(
    _pattern(rb"\x00\x00\x01(?:\xba[\x21-\x2f\x44-\x7f].{9}|[\xbd\xc0-\xef]..)"),
    partial(
        _chain,
        header=_pattern(rb"\x00\x00\x01(?:\xba[\x21-\x2f\x44-\x7f].{9}|[\xbb-\xff]..)"),
        read=_program,
        count=4,
    ),
)


def _gsm(data: bytes, start: int) -> int | None:
    """Find half a second of frames, not all of one byte."""
    heads = data[start:][::33]
    frames = len(data[start:]) // 33
    valid = frames >= 25 and all(head >> 4 == 0x0D for head in heads[:frames])
    return start if valid and len(set(data[start : start + 33])) > 3 else None


GSM = FrameSync(_pattern(rb"[\xd0-\xdf]"), _gsm)
