"""WAV files with impossible, wrong and missing fields."""

import io
import random
import struct
from dataclasses import dataclass, replace

import numpy as np
import pytest

from common.audio.decoding import decode, read_window
from common.audio.errors import AudioError, TruncatedAudioError, UndecodableAudioError
from common.audio.kinds import AudioKind
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.wav import read_wav
from common.audio.wav_chunks import RIFF, W64
from common.audio.wav_repair import repaired
from tests.unit.common.audio import sounds

SECONDS = 3.0
SIZE = round(SECONDS * SAMPLE_RATE) * 2
LIST = b"LIST\x1a\x00\x00\x00INFOISFT\x0e\x00\x00\x00Lavf62.12.100\x00"
#: Everything up to the sound.
HEADER = 44


@dataclass(frozen=True, kw_only=True)
class Header:
    """Fields of a WAV header. Those that are None are right."""

    name: bytes = b"RIFF"
    riff: int | None = None
    tag: int = 1
    channels: int = 1
    rate: int = SAMPLE_RATE
    byte_rate: int | None = None
    block: int | None = None
    bits: int = 16
    data: int | None = None
    before: bytes = b""
    behind: bytes = b""

    def file(self, sound: bytes) -> bytes:
        """Return the file with this header."""
        order = ">" if self.name == b"RIFX" else "<"
        block = self.channels * 2 if self.block is None else self.block
        byte_rate = self.rate * self.channels * 2 if self.byte_rate is None else self.byte_rate
        form = struct.pack(
            f"{order}4sIHHIIHH",
            *(b"fmt ", 16, self.tag, self.channels, self.rate, byte_rate, block, self.bits),
        )
        size = len(sound) if self.data is None else self.data
        data = struct.pack(f"{order}4sI", b"data", size) + sound + self.behind
        body = b"WAVE" + self.before + form + data
        riff = len(body) if self.riff is None else self.riff
        return struct.pack(f"{order}4sI", self.name, riff) + body


def pcm(seconds: float = SECONDS, seed: int = 1) -> bytes:
    sound = sounds.noise(seconds, SAMPLE_RATE, seed=seed)
    return (sound * 32_768).astype("<i2").tobytes()


def expected(seconds: float = SECONDS) -> Samples:
    return np.frombuffer(pcm(seconds), dtype="<i2").astype(np.float32) / np.float32(32_768)


def decoded(data: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(data))))


def assert_whole(data: bytes, seconds: float = SECONDS) -> None:
    info = probe(io.BytesIO(data))
    assert info.duration == pytest.approx(seconds, abs=0.001)
    assert not info.truncated
    sound = decoded(data)
    assert len(sound) == round(seconds * SAMPLE_RATE)
    assert np.abs(sound[: round(SECONDS * SAMPLE_RATE)] - expected()).max() < 0.001
    window = read_window(io.BytesIO(data), 1.5, 2.5)
    assert np.abs(window - expected()[24_000:40_000]).max() < 0.001


@pytest.mark.parametrize(
    "header",
    [
        Header(),
        Header(before=LIST),
        Header(behind=LIST),
        Header(before=b"odd \x03\x00\x00\x00abc\x00"),
        Header(before=b"odd \x03\x00\x00\x00abc"),
        Header(before=b"JUNK\xff\xff\xff\x7f" + bytes(20)),
        Header(behind=b"TAG" + bytes(125)),
        Header(behind=b"ID3\x04" + bytes(300)),
        Header(behind=bytes(5_000)),
        Header(behind=b"id3 \xff\x00\x00\x00cut off"),
        Header(byte_rate=1),
        Header(byte_rate=0),
        Header(byte_rate=0xFFFFFFFF),
        Header(block=1),
        Header(block=0),
        Header(block=7),
        Header(bits=0),
        Header(bits=0, block=0),
        Header(bits=8),
        Header(bits=17),
        Header(rate=0, byte_rate=2 * SAMPLE_RATE),
        Header(channels=0, block=2, byte_rate=2 * SAMPLE_RATE),
        Header(riff=0),
        Header(riff=100),
        Header(riff=0xFFFFFFFF),
        Header(riff=0x80000024, data=0x80000000),
        Header(riff=0xFFFFFFFF, data=0xFFFFFFFF),
        Header(riff=0x7FFFF024, data=0x7FFFF000),
        Header(riff=0x7FFFFFFF, data=0x7FFFFFFF - 36),
        Header(data=0x10000000),
        Header(data=0x40000000),
        Header(data=2_000_001),
        Header(data=2_000_000),
        Header(riff=0, data=2_000_000),
        Header(riff=1_000_000_000, data=2_000_000),
        Header(riff=0, data=0),
        Header(riff=36, data=0),
        Header(riff=36, data=1),
        Header(riff=20_036, data=20_000),
    ],
    ids=repr,
)
def test_fields_that_cannot_be_are_not_believed(header: Header) -> None:
    assert_whole(header.file(pcm()))


@pytest.mark.parametrize("behind", [b"", LIST], ids=["plain", "chunks"])
def test_declared_length_of_a_file_that_is_cut_is_believed(behind: bytes) -> None:
    whole = Header(behind=behind).file(pcm(10.0))
    cut = whole[: HEADER + SIZE]
    with pytest.raises(TruncatedAudioError) as caught:
        probe(io.BytesIO(cut))
    assert caught.value.declared == pytest.approx(10.0, abs=0.01)
    assert caught.value.found == pytest.approx(SECONDS, abs=0.01)
    assert len(decoded(cut)) == SECONDS * SAMPLE_RATE


def test_sound_ends_before_chunks_behind_it() -> None:
    data = Header(behind=LIST + b"bext\x06\x00\x00\x00abcdef").file(pcm())
    wav = read_wav(io.BytesIO(data))
    assert wav is not None
    assert wav.pieces == ((HEADER, HEADER + SIZE),)
    assert wav.declared == SIZE


def test_second_chunk_of_sound_follows_the_first() -> None:
    sound = pcm()
    second = struct.pack("<4sI", b"data", len(sound) - 40_000) + sound[40_000:]
    assert_whole(Header(behind=LIST + second).file(sound[:40_000]))


@pytest.mark.parametrize("extra", [b"", b"\x00"])
def test_sound_without_chunks_and_without_sound_is_empty(extra: bytes) -> None:
    with pytest.raises(AudioError):
        probe(io.BytesIO(Header(behind=LIST + extra).file(b"")))


@pytest.mark.parametrize("count", [2, 5])
def test_joined_files_are_one(count: int) -> None:
    data = Header(behind=LIST).file(pcm()) * count
    assert_whole(data, SECONDS * count)
    last = read_window(io.BytesIO(data), SECONDS * (count - 1) + 1.5, SECONDS * (count - 1) + 2.5)
    assert np.abs(last - expected()[24_000:40_000]).max() < 0.001


def test_joined_files_of_different_formats_follow_one_another() -> None:
    second = sounds.recording("wav", 2.0)
    third = Header(rate=8_000).file(pcm(2.0, seed=3))
    data = Header().file(pcm()) + second + third
    assert probe(io.BytesIO(data)).duration == pytest.approx(SECONDS + 2.0 + 4.0, abs=0.01)
    sound = decoded(data)
    assert len(sound) == pytest.approx((SECONDS + 6.0) * SAMPLE_RATE, abs=40)
    first = round(SECONDS * SAMPLE_RATE)
    assert np.abs(sound[:first] - expected()).max() < 0.001
    assert np.abs(sound[first + 100 : first + 30_000] - decoded(second)[100:30_000]).max() < 0.001


def test_order_of_bytes_is_that_of_rifx() -> None:
    swapped = np.frombuffer(pcm(), dtype="<i2").astype(">i2").tobytes()
    assert_whole(Header(name=b"RIFX").file(swapped))
    assert_whole(Header(name=b"RIFX", data=0xFFFFFFFF, riff=0).file(swapped))


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
@pytest.mark.parametrize("size", [SIZE, 0, (1 << 63) - 1])
def test_length_of_rf64_is_in_its_own_chunk(name: bytes, size: int) -> None:
    whole = SIZE + 72 if size == SIZE else size
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, whole, size, 0, 0)
    header = Header(name=name, riff=0xFFFFFFFF, data=0xFFFFFFFF, before=ds64)
    assert_whole(header.file(pcm()))


def test_rf64_that_is_cut_is_detected() -> None:
    size = 32_000 * 100_000
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, size + 72, size, 0, 0)
    header = Header(name=b"RF64", riff=0xFFFFFFFF, data=0xFFFFFFFF, before=ds64)
    with pytest.raises(TruncatedAudioError) as caught:
        probe(io.BytesIO(header.file(pcm())))
    assert caught.value.declared == pytest.approx(100_000)


class Vast(io.RawIOBase):
    """A header before gigabytes of sound that exist only where they are read."""

    def __init__(self, header: bytes, size: int) -> None:
        super().__init__()
        self._header, self._size, self._position = header, size, 0

    def read(self, size: int = -1) -> bytes:
        size = min(size, len(self._header) + self._size - self._position)
        data = self._header[self._position : self._position + size].ljust(size, b"\x01")
        self._position += size
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        whole = len(self._header) + self._size
        self._position = offset + {0: 0, 1: self._position, 2: whole}[whence]
        return self._position

    def tell(self) -> int:
        return self._position


@pytest.mark.parametrize("stated", [0xFFFFFFFF, 6_000_000_000 % (1 << 32), 0])
def test_sound_beyond_four_gigabytes_is_found(stated: int) -> None:
    file = Vast(Header(data=stated, riff=stated).file(b""), 6_000_000_000)
    wav = read_wav(file)
    assert wav is not None
    assert wav.duration == pytest.approx(6_000_000_000 / 32_000)
    _, with_right_header = repaired(wav, file)
    assert with_right_header.read(4) == b"RF64"
    again = read_wav(with_right_header)
    assert again is not None
    assert again.declared == 6_000_000_000


@pytest.mark.parametrize("wrong", [0, 1, 8, 0xFFFFFFFFFFFFFFFF, 1 << 40])
def test_wave64_is_read_like_wav(wrong: int) -> None:
    how = replace(sounds.FORMATS["wav"], container="w64", layout="mono", kind=AudioKind.W64)
    data = bytearray(sounds.encode(sounds.noise(SECONDS, SAMPLE_RATE), how))
    assert_whole(bytes(data))
    at = data.index(b"data\xf3\xac\xd3\x11") + 16
    data[at : at + 8] = wrong.to_bytes(8, "little")
    assert_whole(bytes(data))
    assert probe(io.BytesIO(data)).kind is AudioKind.W64


def test_sample_size_in_a_larger_container_is_that_of_the_container() -> None:
    values = (expected() * (1 << 31)).astype("<i4")
    header = Header(bits=24, block=4, byte_rate=4 * SAMPLE_RATE)
    sound = decoded(header.file(values.tobytes()))
    assert np.abs(sound - expected()).max() < 0.001


CODECS = {
    "adpcm_ms": 8_000,
    "adpcm_ima_wav": 16_000,
    "adpcm_yamaha": 16_000,
    "g722": 16_000,
    "g726": 8_000,
    "pcm_alaw": 8_000,
    "pcm_mulaw": 8_000,
    "pcm_u8": 8_000,
    "pcm_s24le": 48_000,
    "pcm_s32le": 16_000,
    "pcm_f32le": 48_000,
    "pcm_f64le": 16_000,
    "libmp3lame": 16_000,
}


def compressed(codec: str, layout: str = "mono") -> bytes:
    rate = CODECS[codec]
    how = replace(sounds.FORMATS["wav"], codec=codec, rate=rate, layout=layout, bit_rate=32_000)
    return sounds.encode(sounds.noise(SECONDS, rate), how)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("field", ["", "byte rate", "fact", "riff", "data", "block"])
def test_length_of_every_codec_is_what_is_there(codec: str, field: str) -> None:
    data = bytearray(compressed(codec))
    form = data.index(b"fmt ") + 8
    if field == "byte rate":
        data[form + 8 : form + 12] = struct.pack("<I", 7)
    elif field == "fact" and b"fact" in data:
        at = data.index(b"fact") + 8
        data[at : at + 4] = struct.pack("<I", 1_000_000_000)
    elif field == "riff":
        data[4:8] = bytes(4)
    elif field == "data":
        at = data.index(b"data") + 4
        data[at : at + 4] = b"\xff" * 4
    elif field == "block" and codec in {"adpcm_ms", "adpcm_ima_wav", "pcm_s24le"}:
        data[form + 12 : form + 14] = bytes(2)
    info = probe(io.BytesIO(data))
    assert info.duration == pytest.approx(SECONDS, abs=0.1)
    assert info.duration == pytest.approx(len(decoded(bytes(data))) / SAMPLE_RATE, abs=0.03)


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav", "g722", "g726", "adpcm_yamaha"])
def test_seeking_in_compressed_sound_needs_no_right_byte_rate(codec: str) -> None:
    data = bytearray(compressed(codec))
    form = data.index(b"fmt ") + 8
    data[form + 8 : form + 12] = struct.pack("<I", 123_456)
    whole = decoded(bytes(data))
    window = read_window(io.BytesIO(data), 2.0, 2.5)
    assert abs(sounds.lag(window, whole[32_000:40_000])) <= 2


def test_damage_raises_audio_errors_only() -> None:
    whole = Header(before=LIST, behind=LIST).file(pcm(1.0))
    dice = random.Random(7)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(100)] = dice.choice([0, 1, 127, 128, 255, dice.randrange(256)])
        try:
            info = probe(io.BytesIO(data), allow_truncated=True)
            assert 0 < info.duration <= 32.5
        except AudioError:
            pass


def test_rates_beyond_every_header_are_refused() -> None:
    header = Header(rate=0xFFFFFFF0, byte_rate=0)
    with pytest.raises(UndecodableAudioError):
        probe(io.BytesIO(header.file(pcm())))


def test_blocks_beyond_every_header_are_left_as_they_are() -> None:
    # The samples per block of many channels would be blocks of megabytes.
    form = struct.pack("<HHIIHHHH", 2, 200, SAMPLE_RATE, SAMPLE_RATE, 1, 4, 2, 0xFFFF)
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(form)) + form
    data = struct.pack("<4sI", b"RIFF", len(body) + 8) + body + struct.pack("<4sI", b"data", 0)
    wav = read_wav(io.BytesIO(data))
    assert wav is not None
    assert wav.form.block == 1
    assert len(wav.form.pack()) == 8 + len(form)


def test_dialects_count_the_header_or_not() -> None:
    assert RIFF.chunk(io.BytesIO(b"abcd\x05\x00\x00\x00"), 0) is not None
    assert RIFF.chunk(io.BytesIO(b"ab\x01d\x05\x00\x00\x00"), 0) is None
    assert W64.chunk(io.BytesIO(b"data" + bytes(12) + b"\x20" + bytes(7)), 0) is None
