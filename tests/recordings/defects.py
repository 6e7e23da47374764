"""Damage to files: what crashed recorders, tools for tags, and networks make of them."""

import io
import struct
from collections.abc import Iterator

import av
import numpy as np
from av.video.stream import VideoStream

_APE_FOOTER = 32


def junk(size: int, *, seed: int = 1) -> bytes:
    """Return random bytes."""
    return np.random.default_rng(seed).bytes(size)


def id3(size: int) -> bytes:
    """Return an ID3v2 tag with so many bytes of padding."""
    return _tag(bytes(size))


def cover() -> bytes:
    """Return an ID3v2 tag with a cover picture."""
    body = b"\x00image/jpeg\x00\x03\x00" + picture("mjpeg")
    return _tag(b"APIC" + _seven_bits(len(body)) + bytes(2) + body)


def _tag(frames: bytes) -> bytes:
    return b"ID3\x04\x00\x00" + _seven_bits(len(frames)) + frames


def _seven_bits(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def id3v1() -> bytes:
    """Return an ID3v1 tag, which is at the end of files."""
    return b"TAG" + b"A title".ljust(125, b"\x00")


def ape_tag() -> bytes:
    """Return an APE tag with one item, which is at the end of files."""
    item = struct.pack("<II", 5, 0) + b"Title\x00" + b"Sound"
    footer = struct.pack("<IIII8x", 2_000, len(item) + _APE_FOOTER, 1, 0)
    return item + b"APETAGEX" + footer


def without_middle(data: bytes, start: float, stop: float) -> bytes:
    """Return the bytes without those between two shares of the length."""
    return data[: int(len(data) * start)] + data[int(len(data) * stop) :]


def first(data: bytes, share: float) -> bytes:
    """Return the first part of a file, as an interrupted copy leaves it."""
    return data[: int(len(data) * share)]


def frame_count(mp3: bytes, factor: float) -> bytes:
    """Return an MP3 file with a wrong number of frames in its Xing header."""
    place = max(mp3.find(b"Xing", 0, 4096), mp3.find(b"Info", 0, 4096)) + 8
    (count,) = struct.unpack_from(">I", mp3, place)
    return mp3[:place] + struct.pack(">I", int(count * factor)) + mp3[place + 4 :]


def unknown_codec(data: bytes, codec: bytes, instead: bytes) -> bytes:
    """Return a file whose first track claims a codec that no decoder has."""
    assert len(codec) == len(instead)
    assert codec in data
    return data.replace(codec, instead, 1)


def index_first(mp4: bytes) -> bytes:
    """Return an MP4 file with its index before the sound, as for streaming."""
    boxes = list(_boxes(mp4))
    index = next(box for name, box in boxes if name == b"moov")
    before = [box for name, box in boxes if name == b"ftyp"]
    rest = [box for name, box in boxes if name not in {b"ftyp", b"moov"}]
    return b"".join([*before, _moved(index, len(index)), *rest])


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place : place + size]
        place += size


def _moved(index: bytes, distance: int) -> bytes:
    """Return an index for sound that lies further behind."""
    changed = bytearray(index)
    place = index.find(b"stco")
    while place >= 0:
        (count,) = struct.unpack_from(">I", index, place + 8)
        for entry in range(place + 12, place + 12 + 4 * count, 4):
            (offset,) = struct.unpack_from(">I", index, entry)
            struct.pack_into(">I", changed, entry, distance + offset)
        place = index.find(b"stco", place + 4)
    return bytes(changed)


def picture(codec: str) -> bytes:
    """Return a still picture: `mjpeg` makes JPEG, `png` makes PNG."""
    shades = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(shades, format="rgb24")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="image2pipe") as out:
        stream = out.add_stream(codec, rate=1)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = frame.width, frame.height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
        for piece in (frame, None):
            out.mux(stream.encode(piece))
    return buffer.getvalue()
