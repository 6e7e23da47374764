"""Clocks of MPEG streams: where they jump, one recording ends and another one begins."""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from common.audio.kinds import JUNK_BYTES
from common.audio.resync import TRANSPORT
from common.audio.search import matches
from common.audio.seekable import Seekable

_SYNC = 0x47
_STEPS = (188, 192, 204)
_CHUNK = 1 << 20
#: Ticks of the clock per second, and its range.
_TICKS = 90_000
_WRAP = 1 << 33
#: A clock that goes back, or ahead by more seconds than this, belongs to another recording.
_MOST_AHEAD = 10.0
_MOST_BACK = 0.5

#: The header of a pack, with its marker bits, before the header of the system or a packet.
_PACK = re.compile(
    rb"\0\0\x01\xba(?:[\x44-\x7f].{8}[\xf8-\xff].{0,7}|[\x21-\x2f].{7})\0\0\x01[\xbb-\xff]",
    re.DOTALL,
)
_LONGEST_PACK = 32

_Packets = npt.NDArray[np.uint8]


def transport_starts(file: Seekable) -> Iterator[int]:
    """Yield where recordings begin in a file of joined transport streams, in bytes."""
    yield 0
    clocks: dict[int, int] = {}
    table: int | None = None
    for place, packets in _packets(file):
        for index, identity, ticks in _events(packets):
            here = place + index * packets.shape[1]
            if ticks is None:
                table = here if table is None else table
                continue
            if _is_other(clocks.get(identity), ticks):
                clocks.clear()
                # A recording begins with its table of programs.
                yield here if table is None else table
            clocks[identity] = ticks
            table = None


def program_starts(file: Seekable) -> Iterator[int]:
    """Yield where recordings begin in a file of joined program streams, in bytes."""
    yield 0
    before: int | None = None
    for place, pack in matches(file, _PACK, longest=_LONGEST_PACK):
        ticks = _ticks(pack)
        if _is_other(before, ticks):
            yield place
        before = ticks


def _ticks(pack: bytes) -> int:
    """Return the clock of a pack of MPEG-2, or of MPEG-1."""
    first, second, third, fourth, fifth = pack[4:9]
    if first >> 6 == 1:
        high = (first >> 3 & 7) << 30 | (first & 3) << 28 | second << 20 | (third >> 3) << 15
        return high | (third & 3) << 13 | fourth << 5 | fifth >> 3
    return (first >> 1 & 7) << 30 | second << 22 | (third >> 1) << 15 | fourth << 7 | fifth >> 1


def _is_other(before: int | None, ticks: int) -> bool:
    if before is None:
        return False
    # The clock starts again from 0 after a day.
    passed = (ticks - before + _WRAP // 2) % _WRAP - _WRAP // 2
    return not -_MOST_BACK * _TICKS <= passed <= _MOST_AHEAD * _TICKS


def _events(packets: _Packets) -> Iterator[tuple[int, int, int | None]]:
    """Yield the tables of programs and the clocks among packets: (index, stream, ticks or None)."""
    identity = (packets[:, 1].astype(np.int64) & 0x1F) << 8 | packets[:, 2]
    is_table = (identity == 0) & (packets[:, 1] & 0x40 != 0)
    has_clock = (packets[:, 3] & 0x20 != 0) & (packets[:, 4] > 6) & (packets[:, 5] & 0x10 != 0)
    for index in np.flatnonzero(is_table | has_clock).tolist():
        if is_table[index]:
            yield index, 0, None
        if has_clock[index]:
            field = packets[index, 6:11].tobytes()
            yield index, int(identity[index]), int.from_bytes(field, "big") >> 7


def _packets(file: Seekable) -> Iterator[tuple[int, _Packets]]:
    """Yield runs of packets from their sync bytes on, and where each run begins in the file."""
    place, step = 0, 0
    while True:
        file.seek(place)
        data = file.read(_CHUNK)
        if len(data) < _STEPS[-1]:
            return
        count = _run(data, 0, step) if step else 0
        if count:
            rows = np.frombuffer(data, dtype=np.uint8, count=count * step).reshape(count, step)
            yield place, rows
            place += count * step
            continue
        first = TRANSPORT.find(data)
        if first is None:
            place += JUNK_BYTES
            continue
        # On Blu-ray four bytes precede each packet.
        layouts = [(first + ahead, step) for ahead in (0, 4) for step in _STEPS]
        start, step = max(layouts, key=lambda layout: _run(data, *layout))
        place += start


def _run(data: bytes, start: int, step: int) -> int:
    """Return how many whole packets in a row begin with their sync byte."""
    marks = np.frombuffer(data, dtype=np.uint8)[start::step][: (len(data) - start) // step]
    wrong = np.flatnonzero(marks != _SYNC)
    return int(wrong[0]) if len(wrong) else len(marks)
