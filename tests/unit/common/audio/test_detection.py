"""Detection of recordings, whole and cut, and of files that are none."""

import gzip
import io
import json
import random
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from common.audio.detection import Detected, detect, sniff, tags_length
from common.audio.kinds import JUNK_BYTES, SNIFF_BYTES, AudioKind
from common.audio.resync import TRANSPORT, FrameSync
from tests.unit.common.audio import sounds

#: Streams that can be entered anywhere.
ENTERED = {
    "mp3": AudioKind.MP3,
    "aac": AudioKind.AAC,
    "ts": AudioKind.MPEG_TS,
    "ac3": AudioKind.AC3,
    "eac3": AudioKind.EAC3,
    "latm": AudioKind.LATM,
}
_MORE = {"ac3": ("ac3", 48_000), "eac3": ("eac3", 48_000), "latm": ("aac", 44_100)}


def id3(length: int) -> bytes:
    size = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + bytes(length)


def ape_tag(length: int) -> bytes:
    return struct.pack("<8sIIII8x", b"APETAGEX", 2_000, length, 0, 0xA0000000) + bytes(length)


def stream(name: str, seconds: float = 4.0) -> bytes:
    """Return frames of one of ENTERED, without a tag before them."""
    if name not in _MORE:
        data = sounds.recording(name, seconds)
        return data[tags_length(io.BytesIO(data)) :]
    codec, rate = _MORE[name]
    how = sounds.Format(
        kind=ENTERED[name], container=name, codec=codec, rate=rate, extension=name, layout="mono"
    )
    return sounds.encode(sounds.noise(seconds, rate), how)


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_every_container_is_detected(name: str) -> None:
    data = sounds.recording(name, 0.5)
    assert sniff(data) is sniff(data[:SNIFF_BYTES]) is sounds.FORMATS[name].kind


@pytest.mark.parametrize("name", sounds.FORMATS)
@pytest.mark.parametrize("zeros", [1, 2, 3, 4, 500, 60_000])
def test_zeros_before_a_recording_are_passed_over(name: str, zeros: int) -> None:
    data = sounds.recording(name, 0.5)
    plain = detect(io.BytesIO(data))
    assert plain is not None
    found = detect(io.BytesIO(bytes(zeros) + data))
    assert found == Detected(kind=plain.kind, start=plain.start + zeros)


@pytest.mark.parametrize("name", [*sounds.FORMATS, *_MORE])
@pytest.mark.parametrize("tag", [id3, ape_tag])
@pytest.mark.parametrize("length", [300, 200_000])
def test_tags_before_a_recording_are_passed_over(
    name: str, tag: Callable[[int], bytes], length: int
) -> None:
    data = stream(name, 0.5) if name in ENTERED else sounds.recording(name, 0.5)
    before = tag(length) + id3(20)
    kind = ENTERED.get(name) or sounds.FORMATS[name].kind
    assert detect(io.BytesIO(before + data)) == Detected(kind=kind, start=len(before))


@pytest.mark.parametrize("name", ENTERED)
def test_stream_is_entered_wherever_it_is_cut(name: str) -> None:
    data = stream(name)
    for cut in range(0, 3_000, 37):
        found = detect(io.BytesIO(data[cut:]))
        assert found is not None, cut
        assert found.kind is ENTERED[name]
        assert found.start < 2_000


@pytest.mark.parametrize("cut", [1, 700, 5_000])
def test_program_stream_is_entered_at_its_next_packet(cut: int) -> None:
    data = sounds.recording("mpg", 4.0)
    found = detect(io.BytesIO(data[cut:]))
    assert found is not None
    assert found.kind is AudioKind.MPEG_PS
    assert found.start < 4_096


@pytest.mark.parametrize("name", ENTERED)
@pytest.mark.parametrize("size", [1, 100, 60_000])
def test_junk_before_frames_is_passed_over(name: str, size: int) -> None:
    junk = random.Random(f"{name} {size}").randbytes(size)
    found = detect(io.BytesIO(junk + stream(name)))
    assert found == Detected(kind=ENTERED[name], start=size)


def test_junk_of_erased_memory_is_passed_over() -> None:
    found = detect(io.BytesIO(b"\xff" * 50_000 + stream("mp3")))
    assert found == Detected(kind=AudioKind.MP3, start=50_000)


def test_packets_of_blu_ray_are_entered_before_their_time_code() -> None:
    plain = stream("ts")
    packets = (plain[at : at + 188] for at in range(0, 60 * 188, 188))
    data = b"".join(b"\x01\x02\x03\x04" + packet for packet in packets)
    assert detect(io.BytesIO(data)) == Detected(kind=AudioKind.MPEG_TS, start=0)
    assert detect(io.BytesIO(data[2:])) == Detected(kind=AudioKind.MPEG_TS, start=190)


@pytest.mark.parametrize("name", ENTERED)
def test_more_junk_than_players_pass_over_is_rejected(name: str) -> None:
    junk = random.Random(name).randbytes(JUNK_BYTES + 1)
    assert detect(io.BytesIO(junk + stream(name))) is None


@pytest.mark.parametrize("name", ["mp3", "aac", "ac3"])
def test_two_frames_are_enough_if_they_are_the_whole_file(name: str) -> None:
    data = stream(name)
    first, second = frame_starts(data, ENTERED[name])[:2]
    short = data[: 2 * (second - first)]
    assert sniff(short) is ENTERED[name]
    assert sniff(b"x" + short) is None


def frame_starts(data: bytes, kind: AudioKind) -> list[int]:
    """Return where frames of a constant length begin."""
    name = "aac" if kind is AudioKind.AAC else kind.value
    with av.open(io.BytesIO(data), "r", format=name) as container:
        return [packet.pos for packet in container.demux() if packet.pos is not None]


def test_frames_with_other_parameters_are_no_stream() -> None:
    data = bytearray(stream("mp3"))
    for start in frame_starts(bytes(data), AudioKind.MP3)[1::2]:
        data[start + 2] ^= 0x04  # Another sample rate.
    assert sniff(bytes(data)) is None


def test_tag_with_a_wrong_length_hides_nothing() -> None:
    tag = bytearray(id3(4_000))
    tag[6:10] = (1_000_000_000).to_bytes(4, "big")
    found = detect(io.BytesIO(bytes(tag) + stream("mp3")))
    assert found == Detected(kind=AudioKind.MP3, start=4_010)


def test_content_after_a_tag_decides() -> None:
    assert sniff(id3(300) + sounds.recording("flac", 0.2)) is AudioKind.FLAC
    assert sniff(id3(300) + b"plain text" * 20_000) is None


def test_tag_longer_than_the_first_bytes_counts_as_mp3() -> None:
    assert sniff(id3(200_000)[:SNIFF_BYTES]) is AudioKind.MP3
    assert sniff(id3(JUNK_BYTES + 100) + stream("mp3", 0.1)[:900] + bytes(40_000)) is AudioKind.MP3
    assert sniff(id3(300)) is None


def test_length_of_tags_includes_their_headers() -> None:
    assert tags_length(io.BytesIO(id3(300))) == 310
    assert tags_length(io.BytesIO(id3(300) + ape_tag(50) + b"RIFF")) == 392
    assert tags_length(io.BytesIO(b"RIFF")) == 0


@pytest.mark.parametrize("name", ["RIFF", "RIFX", "RF64", "BW64"])
def test_every_sort_of_wav_is_detected(name: str) -> None:
    assert sniff(name.encode() + b"\xff\xff\xff\xffWAVEds64") is AudioKind.WAV


def picture(codec: str, pixels: str) -> bytes:
    values = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    coder = av.CodecContext.create(codec, "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = 320, 240, pixels
    frame = av.VideoFrame.from_ndarray(values, format="rgb24").reformat(format=pixels)
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


def archive(add: Callable[[io.BytesIO, bytes], None]) -> bytes:
    """Return an archive that holds a recording as it is."""
    file = io.BytesIO()
    add(file, sounds.recording("mp3", 3.0))
    return file.getvalue()


def _zip(file: io.BytesIO, data: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("a.mp3", data)


def _tar(file: io.BytesIO, data: bytes) -> None:
    entry = tarfile.TarInfo("a.mp3")
    entry.size = len(data)
    with tarfile.open(fileobj=file, mode="w") as packed:
        packed.addfile(entry, io.BytesIO(data))


def _gzip(file: io.BytesIO, data: bytes) -> None:
    file.write(gzip.compress(data, compresslevel=0))


WORDS = "Ging Gold FLV MAC OggS free skip RIFF WAVE ÿû TTA1 ".encode("latin-1")
OTHER = {
    "empty": b"",
    "byte": b"\xff",
    "zeros": bytes(200_000),
    "ones": b"\xff" * 200_000,
    "pdf": b"%PDF-1.7\n" + random.Random(1).randbytes(50_000),
    "webp": b"RIFF\x10\x00\x00\x00WEBP" + random.Random(2).randbytes(50_000),
    "playlist": b"#EXTM3U\nfile:///etc/passwd",
    "script": b"#!/bin/sh\nrm -rf /\n" * 50,
    "page": b"<!doctype html><script>" + b"G" * 1_000,
    "page of words": b"  <html>" + WORDS * 500,
    "latin text": WORDS * 2_000,
    "utf-16 text": ("\ufeff" + "Ein Text, nicht mehr. " * 3_000).encode("utf-16-le"),
    "russian text": ("Съешь же ещё этих мягких французских булок. " * 900).encode(),
    "russian text in koi8": ("Съешь же ещё этих мягких французских булок. " * 900).encode("koi8-r"),
    "chinese text": ("床前明月光，疑是地上霜。" * 3_000).encode("gb18030"),
    "table": "\n".join(f"G{number:0186d}" for number in range(900)).encode(),
    "json": json.dumps({"free": list(range(20_000))}).encode(),
    "sentence": b"The free skip",
    "numbers": np.arange(50_000, dtype="<f4").tobytes(),
    "counter": np.arange(50_000, dtype=">u4").tobytes(),
    "png": picture("png", "rgb24"),
    "jpeg": picture("mjpeg", "yuvj420p"),
    "bmp": picture("bmp", "bgr24"),
    "gif": picture("gif", "rgb8"),
    "tiff": picture("tiff", "rgb24"),
    "zip": archive(_zip),
    "tar": archive(_tar),
    "gzip": archive(_gzip),
    "elf": Path("/bin/sh").resolve().read_bytes(),
    "exe": b"MZ" + bytes(58) + b"\x80\x00\x00\x00" + stream("mp3"),
    "interpreter": Path(sys.executable).resolve().read_bytes()[:1_000_000],
}


@pytest.mark.parametrize("name", OTHER)
def test_other_files_are_not_detected(name: str) -> None:
    assert sniff(OTHER[name][:SNIFF_BYTES]) is None


def test_random_bytes_are_not_detected() -> None:
    for seed in range(100):
        assert sniff(random.Random(seed).randbytes(SNIFF_BYTES)) is None


@pytest.mark.parametrize(
    "alphabet", [b"\x00\x01", b"\xff\xfb\x90\x00", b"\x47\x00\x10", b"\x56\xe0"]
)
def test_random_bytes_of_headers_are_not_detected(alphabet: bytes) -> None:
    for seed in range(10):
        assert sniff(bytes(random.Random(seed).choices(alphabet, k=SNIFF_BYTES))) is None


@pytest.mark.parametrize("value", range(0, 256, 5))
def test_one_repeated_byte_is_not_detected(value: int) -> None:
    assert sniff(bytes([value]) * SNIFF_BYTES) is None


#: Behind the signatures of the others lies a recording.
WITHOUT_SOUND = [name for name in OTHER if name not in {"zip", "tar", "gzip", "exe"}]


@pytest.mark.parametrize("name", WITHOUT_SOUND)
def test_part_of_another_file_is_not_detected(name: str) -> None:
    data = OTHER[name]
    for seed in range(5):
        begin = random.Random(seed).randrange(max(1, len(data)))
        assert sniff(data[begin : begin + SNIFF_BYTES]) is None


def test_places_that_look_like_packets_are_tried_so_often_only() -> None:
    tried: list[int] = []

    def enter(_data: bytes, place: int) -> int | None:
        tried.append(place)
        return None

    packets = b"G\x00\x00\x10" * (SNIFF_BYTES // 4)
    assert FrameSync(TRANSPORT.header, enter, most=TRANSPORT.most).find(packets) is None
    assert tried == list(range(0, 4 * TRANSPORT.most, 4))
    assert TRANSPORT.most < JUNK_BYTES // 100
    assert sniff(packets) is None
