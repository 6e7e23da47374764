"""Lengths of recordings whose headers are wrong, missing, or right and the file is cut."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream

from common.audio import extent
from common.audio.completeness import lacks_index, stated_end
from common.audio.container import open_audio
from common.audio.decoding import decode, read_window
from common.audio.errors import TruncatedAudioError, UndecodableAudioError
from common.audio.kinds import AudioKind
from common.audio.placeholders import is_placeholder
from common.audio.probe import AudioInfo, probe
from common.audio.resampling import SAMPLE_RATE, Samples
from tests.unit.common.audio import sounds

SECONDS = 6.0


def encode(
    container: str,
    codec: str,
    rate: int,
    *,
    seconds: float = SECONDS,
    begins: float = 0.0,
    options: dict[str, str] | None = None,
) -> bytes:
    """Return a recording whose time stamps begin at `begins` seconds."""
    file = io.BytesIO()
    sound = sounds.noise(seconds, rate)
    with av.open(file, "w", format=container, options=options or {}) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, AudioStream)
        stream.bit_rate = 64_000
        for at in range(0, len(sound), 1_000):
            frame = av.AudioFrame.from_ndarray(
                sound[None, at : at + 1_000], format="flt", layout="mono"
            )
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = at + round(begins * rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def decoded(data: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(data))))


def assert_whole(data: bytes, seconds: float = SECONDS) -> AudioInfo:
    info = probe(io.BytesIO(data))
    assert info.duration == pytest.approx(seconds, abs=0.09)
    assert not info.truncated
    sound = decoded(data)
    assert info.duration == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.03)
    window = read_window(io.BytesIO(data), 2.0, 3.0)
    assert abs(sounds.lag(window, sound[2 * SAMPLE_RATE : 3 * SAMPLE_RATE])) <= 160
    return info


@pytest.mark.parametrize("begins", [2.0, 4.0, 30.0])
@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("webm", "libopus", 48_000),
        ("matroska", "aac", 44_100),
        ("ogg", "libopus", 48_000),
        ("ogg", "flac", 44_100),
        ("asf", "wmav2", 44_100),
        ("mp4", "aac", 44_100),
        ("mpegts", "aac", 48_000),
        ("mpeg", "mp2", 48_000),
        ("flv", "aac", 44_100),
        ("avi", "libmp3lame", 44_100),
    ],
)
def test_clock_begins_with_the_sound(container: str, codec: str, rate: int, begins: float) -> None:
    assert_whole(encode(container, codec, rate, begins=begins))


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("webm", "libopus", {"live": "1"}),
        ("matroska", "libopus", {"live": "1"}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "1000000"}),
        ("mp4", "aac", {"movflags": "empty_moov+default_base_moof+frag_every_frame"}),
        ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
        ("flv", "aac", {"flvflags": "no_duration_filesize"}),
    ],
)
def test_header_without_a_length_is_no_matter(
    container: str, codec: str, options: dict[str, str]
) -> None:
    assert_whole(encode(container, codec, 48_000, options=options))


@pytest.mark.parametrize("factor", [0, 0.1, 0.5, 3, 1_000])
def test_wrong_count_of_frames_in_an_mp3_is_no_matter(factor: float) -> None:
    data = bytearray(encode("mp3", "libmp3lame", 44_100))
    at = data.index(b"Xing" if b"Xing" in data else b"Info") + 8
    (frames,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, int(frames * factor))
    assert_whole(bytes(data))


def with_samples(data: bytes, count: int) -> bytes:
    """Return a FLAC file with another number of samples in its header."""
    changed = bytearray(data)
    field = int.from_bytes(data[18:26], "big") >> 36 << 36 | count
    changed[18:26] = field.to_bytes(8, "big")
    return bytes(changed)


@pytest.mark.parametrize("count", [0, 1, 44_100, (1 << 32) - 1, (1 << 36) - 1])
def test_wrong_count_of_samples_in_a_flac_is_no_matter(count: int) -> None:
    assert_whole(with_samples(encode("flac", "flac", 44_100), count))


@pytest.mark.parametrize("form", [None, 0, 0x7FFFFFFF, 0x7F000024, 0xFFFFFFFF])
@pytest.mark.parametrize("sound", [None, 0, 0x7FFFFFFF, 0x7F000008, 0xFFFFFFFF])
@pytest.mark.parametrize("frames", [None, 0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_placeholders_in_an_aiff_are_no_matter(
    form: int | None, sound: int | None, frames: int | None
) -> None:
    data = bytearray(encode("aiff", "pcm_s16be", 16_000))
    places = {4: form, data.index(b"SSND") + 4: sound, data.index(b"COMM") + 10: frames}
    for place, value in places.items():
        if value is not None:
            struct.pack_into(">I", data, place, value)
    assert_whole(bytes(data))


def test_wrong_length_of_a_whole_matroska_file_is_no_matter() -> None:
    data = bytearray(encode("matroska", "libopus", 48_000))
    at = data.index(b"\x44\x89\x88") + 3
    (ticks,) = struct.unpack_from(">d", data, at)
    struct.pack_into(">d", data, at, 10 * ticks)
    assert_whole(bytes(data))
    with pytest.raises(TruncatedAudioError):
        probe(io.BytesIO(data[: len(data) // 2]))


CUT: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", {}),
    "flac": ("flac", "flac", {}),
    "mkv": ("matroska", "libopus", {}),
    "mp4": ("mp4", "aac", {"movflags": "faststart"}),
    "wma": ("asf", "wmav2", {}),
    "avi": ("avi", "libmp3lame", {}),
    "aiff": ("aiff", "pcm_s16be", {}),
    "au": ("au", "pcm_s16be", {}),
    "wav": ("wav", "pcm_s16le", {}),
    "adpcm": ("wav", "adpcm_ms", {}),
    "w64": ("w64", "pcm_s16le", {}),
    "flv": ("flv", "aac", {}),
    "tta": ("tta", "tta", {}),
    "wv": ("wv", "wavpack", {}),
    "caf": ("caf", "pcm_s16be", {}),
}


def cut(name: str) -> bytes:
    container, codec, options = CUT[name]
    rate = 44_100 if name in {"mp3", "wma", "avi"} else 48_000
    if name != "mp4":
        data = encode(container, codec, rate, options=options)
        return data[: int(0.6 * len(data))]
    # Only a file with a name can be written with its index first.
    return fast_start(encode(container, codec, rate))


def fast_start(data: bytes) -> bytes:
    """Return 60 % of an MP4 file with its index before the sound."""
    moov = data.index(b"moov") - 4
    mdat = data.index(b"mdat") - 4
    index = bytearray(data[moov:])
    at = index.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", index, at)
    for number in range(count):
        (offset,) = struct.unpack_from(">I", index, at + 4 + 4 * number)
        struct.pack_into(">I", index, at + 4 + 4 * number, offset + len(index))
    moved = data[:mdat] + bytes(index) + data[mdat:moov]
    return moved[: int(0.6 * len(moved))]


@pytest.mark.parametrize("name", CUT)
def test_recording_that_breaks_off_is_detected(name: str) -> None:
    data = cut(name)
    with pytest.raises(TruncatedAudioError) as caught:
        probe(io.BytesIO(data))
    assert caught.value.declared == pytest.approx(SECONDS, abs=0.3)
    assert "allow_truncated=true" in caught.value.message
    info = probe(io.BytesIO(data), allow_truncated=True)
    assert info.truncated
    assert info.declared == caught.value.declared
    assert info.duration == pytest.approx(0.6 * SECONDS, abs=0.7)
    assert info.duration == pytest.approx(len(decoded(data)) / SAMPLE_RATE, abs=0.2)


def test_mp4_without_its_index_is_explained() -> None:
    data = encode("mp4", "aac", 48_000)
    unfinished = data[: data.index(b"moov") - 4]
    assert lacks_index(io.BytesIO(unfinished))
    assert not lacks_index(io.BytesIO(data))
    with pytest.raises(UndecodableAudioError, match="moov"):
        probe(io.BytesIO(unfinished), allow_truncated=True)


def test_length_is_that_of_the_longest_track() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        streams = [output.add_stream("libopus", rate=48_000, layout="mono") for _ in range(2)]
        for stream, seconds in zip(streams, (2.0, 5.0), strict=True):
            assert isinstance(stream, AudioStream)
            frame = av.AudioFrame.from_ndarray(
                sounds.noise(seconds, 48_000)[None], format="flt", layout="mono"
            )
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), 0
            output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    assert probe(io.BytesIO(file.getvalue())).duration == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [("matroska", "wavpack", 44_100), ("rm", "real_144", 8_000), ("matroska", "tta", 44_100)],
)
def test_packets_without_a_length_are_measured_by_decoding(
    container: str, codec: str, rate: int
) -> None:
    data = encode(container, codec, rate)
    info = probe(io.BytesIO(data))
    assert info.duration == pytest.approx(SECONDS, abs=0.05)
    assert info.duration == pytest.approx(len(decoded(data)) / SAMPLE_RATE, abs=0.03)


def test_measuring_stops_when_the_recording_is_too_long() -> None:
    data = encode("flac", "flac", 48_000, seconds=20.0)
    assert 3.0 <= probe(io.BytesIO(data), enough=3.0).duration < 5.0
    cut_off = probe(io.BytesIO(data[: len(data) // 2]), enough=3.0)
    assert 3.0 <= cut_off.duration < 5.0


@pytest.mark.parametrize("name", ["flac", "mkv", "mp3", "aiff"])
def test_end_of_a_large_file_is_verified(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container, codec, options = CUT[name]
    data = encode(container, codec, 44_100 if name == "mp3" else 48_000, options=options)
    monkeypatch.setattr(extent, "_READ_THROUGH", 1_000)
    assert_whole(data)
    with pytest.raises(TruncatedAudioError):
        probe(io.BytesIO(data[: int(0.6 * len(data))]))


def test_hundreds_of_hours_of_silence_are_measured_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extent, "_READ_THROUGH", 1_000)
    hours = with_samples(encode("flac", "flac", 44_100), 44_100 * 3_600)
    with pytest.raises(TruncatedAudioError) as caught:
        probe(io.BytesIO(hours))
    assert caught.value.declared == pytest.approx(3_600)


@pytest.mark.parametrize(
    ("kind", "data", "end"),
    [
        (AudioKind.FLAC, b"fLaC", None),
        (AudioKind.MP4, b"\0\0\0\x10ftypM4A \0\0\0\0", 16),
        (AudioKind.MP4, b"\0\0\0\x11ftypM4A \0\0\0\0", 17),
        (AudioKind.MP4, b"\0\0\0\x08free\x12\x34\xff\xff\x00\x01\x02\x03", 8),
        (AudioKind.MP4, b"\0\0\0\0mdat", None),
        (AudioKind.MP4, b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x20", 32),
        (AudioKind.MP4, b"", None),
        (AudioKind.AVI, b"RIFF\x04\0\0\0AVI ", 12),
        (AudioKind.AVI, b"RIFF\x04\0\0\0AVI RIFF\x05\0\0\0AVIX", 25),
        (AudioKind.CAF, b"caff\0\x01\0\0data" + bytes(7) + b"\x05abc", 25),
        (AudioKind.CAF, b"caff\0\x01\0\0data" + b"\xff" * 8, None),
        (AudioKind.AIFF, b"FORM\0\0\0\x09AIFF", 17),
        (AudioKind.AIFF, b"FORM\x7f\xff\xff\xffAIFF", None),
        (AudioKind.AIFF, b"FORM\x7f\0\0\x24AIFF", None),
        (AudioKind.AU, b".snd\0\0\0\x18\0\0\0\x09", 33),
        (AudioKind.MATROSKA, b"\x18\x53\x80\x67\x81a", 6),
        (AudioKind.MATROSKA, b"\x18\x53\x80\x67\x40\x05abc", 11),
        (AudioKind.MATROSKA, b"\x18\x53\x80\x67\xff" + bytes(9), None),
        (AudioKind.MATROSKA, b"\x18\x53\x80\x67\x01", None),
        (AudioKind.MATROSKA, b"\x1a\x45\xdf\xa3", None),
        (AudioKind.ASF, b"\x30\x26\xb2\x75", None),
    ],
)
def test_structure_tells_the_size(kind: AudioKind, data: bytes, end: int | None) -> None:
    file = io.BytesIO(data)
    file.seek(2)
    assert stated_end(file, kind) == end
    assert file.tell() == 2


@pytest.mark.parametrize(
    "size", [1 << 31, (1 << 31) - 4_096, (1 << 32) - 1, (1 << 64) - 1, 0x7F000000]
)
def test_round_sizes_are_placeholders(size: int) -> None:
    assert is_placeholder(size)
    assert not is_placeholder(size // 3)
    assert not is_placeholder(size // 100_000)


def test_end_is_that_of_decoded_sound() -> None:
    data = encode("mp3", "libmp3lame", 44_100)
    with open_audio(io.BytesIO(data)) as opened:
        end = extent.measure(opened).end
    assert end == pytest.approx(len(decoded(data)) / SAMPLE_RATE, abs=0.001)
