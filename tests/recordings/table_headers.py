"""Headers that are wrong, missing or only placeholders, and bytes before and behind the sound."""

import functools
import struct
from collections.abc import Callable
from functools import partial

import numpy as np

from common.audio.resampling import Samples
from tests.recordings import defects
from tests.recordings.case import Case
from tests.recordings.containers import Track, mux
from tests.recordings.riff import chunk, floats, pcm, wav
from tests.recordings.speech import DIANE
from tests.recordings.table_formats import spoken, telephone_gsm

_RATE = 16_000
#: Sizes of the data that no such file has: full scale of signed and unsigned integers, rounded to
#: blocks, pages and sectors, or less the header.
_PLACEHOLDERS = (
    0,
    0x7FFFF000,
    0x7FFFFFDB,
    0x7FFFFFFF,
    0x80000000,
    0x80000024,
    0xFFFFF000,
    0xFFFFFFDB,
    0xFFFFFFFE,
    0xFFFFFFFF,
)


def _wav(**fields: int | bytes) -> bytes:
    """Return the utterance as a WAV file whose header is wrong in the given fields."""
    return wav(pcm(DIANE.samples), _RATE, **fields)  # type: ignore[arg-type]


def _float_wav(change: Callable[[Samples], None], gain: float = 1.0) -> bytes:
    """Return the utterance in floating-point values, changed in place."""
    values = DIANE.samples * np.float32(gain)
    change(values)
    return wav(floats(values), _RATE, bits=32, floating=True)


def _unchanged(_: Samples) -> None:
    pass


def _one_nan(values: Samples) -> None:
    values[20_000] = np.nan


def _infinite(values: Samples) -> None:
    values[20_000:20_003] = (np.inf, -np.inf, np.nan)


def _wild(values: Samples) -> None:
    values[100] = 1e30


def _adpcm(byte_rate: int, fact: int | None = None) -> bytes:
    """Return Microsoft's ADPCM with a byte rate, and a number of samples, that are not its own."""
    data = bytearray(spoken("wav", "adpcm_ms", _RATE))
    struct.pack_into("<I", data, data.index(b"fmt ") + 16, byte_rate)
    if fact is not None:
        struct.pack_into("<I", data, data.index(b"fact") + 8, fact)
    return bytes(data)


def _streamed(container: str, codec: str, rate: int) -> bytes:
    """Return the utterance as written to a pipe, where no length can be filled in later."""
    return mux(container, Track(samples=DIANE.at(rate), codec=codec, rate=rate), seekable=False)


def _size_at(data: bytes, name: bytes, size: int) -> bytes:
    """Return a file with another size of the chunk, big-endian."""
    place = data.index(name) + 4
    return data[:place] + struct.pack(">I", size) + data[place + 4 :]


@functools.cache
def _mp3(*, bit_rate: int | None = 64_000, **options: str) -> bytes:
    """Return the utterance as MP3, at a variable rate without `bit_rate`."""
    track = Track(
        samples=DIANE.at(44_100),
        codec="libmp3lame",
        rate=44_100,
        bit_rate=bit_rate,
        options={} if bit_rate else {"global_quality": "590", "flags": "+qscale"},
    )
    return mux("mp3", track, options=options)


def _amr() -> bytes:
    return spoken("amr", "libopencore_amrnb", 8_000)


#: Name, muxer, codec and rate of files written to a pipe.
_STREAMED = (
    ("streamed.wav", "wav", "pcm_s16le", 16_000),
    ("streamed.w64", "w64", "pcm_s16le", 16_000),
    ("streamed.au", "au", "pcm_s16be", 16_000),
    ("streamed.aiff", "aiff", "pcm_s16be", 16_000),
    ("streamed.flac", "flac", "flac", 16_000),
    ("streamed.mp3", "mp3", "libmp3lame", 44_100),
    ("streamed.mkv", "matroska", "aac", 48_000),
    ("streamed.webm", "webm", "libopus", 48_000),
    ("streamed.flv", "flv", "aac", 44_100),
    ("streamed.wma", "asf", "wmav2", 44_100),
    ("streamed.wv", "wv", "wavpack", 16_000),
    ("streamed.avi", "avi", "libmp3lame", 44_100),
)
_NOTE = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 5) + b"tape\x00\x00")

HEADERS = (
    *(
        Case(name=f"size_{size:08x}.wav", make=partial(_wav, data_size=size))
        for size in _PLACEHOLDERS
    ),
    Case(name="sizes_0.wav", make=partial(_wav, data_size=0, riff_size=0)),
    Case(name="riff_size_0.wav", make=partial(_wav, riff_size=0)),
    Case(name="riff_size_full.wav", make=partial(_wav, riff_size=0xFFFFFFFF)),
    Case(name="size_of_file.wav", make=partial(_wav, data_size=len(pcm(DIANE.samples)) + 44)),
    Case(name="size_odd.wav", make=partial(_wav, data_size=len(pcm(DIANE.samples)) + 1)),
    # A recorder that crashed had filled in the sizes of the first part only.
    Case(name="sound_behind.wav", make=partial(_wav, data_size=64_000, riff_size=64_036)),
    Case(name="byte_rate_1.wav", make=partial(_wav, byte_rate=1)),
    Case(name="byte_rate_0.wav", make=partial(_wav, byte_rate=0)),
    Case(name="byte_rate_16.wav", make=partial(_wav, byte_rate=_RATE * 16)),
    Case(name="block_align_1.wav", make=partial(_wav, block_align=1)),
    Case(name="block_align_4.wav", make=partial(_wav, block_align=4)),
    Case(name="block_align_0.wav", make=partial(_wav, block_align=0)),
    Case(name="no_pad_byte.wav", make=partial(_wav, before=chunk(b"bext", bytes(603))[:-1])),
    Case(name="big_chunk.wav", make=partial(_wav, before=chunk(b"JUNK", bytes(300_001)))),
    Case(name="note_before.wav", make=partial(_wav, before=_NOTE)),
    Case(name="note_behind.wav", make=partial(_wav, after=_NOTE * 2_000)),
    Case(name="rf64_sizes_0.wav", make=partial(_wav, magic=b"RF64", long_sizes=0)),
    Case(name="rf64_sizes_full.wav", make=partial(_wav, magic=b"RF64", long_sizes=2**64 - 1)),
    Case(name="adpcm_rate_1.wav", make=partial(_adpcm, 1), length_tolerance=0.15),
    Case(name="adpcm_rate_of_pcm.wav", make=partial(_adpcm, 32_000), length_tolerance=0.15),
    Case(name="adpcm_fact_0.wav", make=partial(_adpcm, 1, 0), length_tolerance=0.15),
    Case(name="adpcm_fact_wrong.wav", make=partial(_adpcm, 1, 10**9), length_tolerance=0.15),
    Case(
        name="frames_0.aiff", make=lambda: _size_at(spoken("aiff", "pcm_s16be", _RATE), b"SSND", 0)
    ),
    Case(
        name="size_full.aiff",
        make=lambda: _size_at(spoken("aiff", "pcm_s16be", _RATE), b"SSND", 0xFFFFFFFF),
    ),
    *(
        Case(name=name, make=partial(_streamed, container, codec, rate))
        for name, container, codec, rate in _STREAMED
    ),
    Case(name="one_nan.wav", make=partial(_float_wav, _one_nan)),
    Case(name="infinite.wav", make=partial(_float_wav, _infinite)),
    Case(name="one_wild.wav", make=partial(_float_wav, _wild)),
    Case(name="float_as_16_bits.wav", make=partial(_float_wav, _unchanged, 32_768.0)),
    Case(name="float_as_24_bits.wav", make=partial(_float_wav, _unchanged, 2.0**23)),
    Case(name="overdriven.wav", make=partial(_float_wav, _unchanged, 6.0)),
    Case(name="quiet.wav", make=partial(_float_wav, _unchanged, 0.01)),
    Case(name="more_frames.mp3", make=lambda: defects.frame_count(_mp3(), 10)),
    Case(name="fewer_frames.mp3", make=lambda: defects.frame_count(_mp3(), 0.3)),
    Case(name="no_count.mp3", make=lambda: _mp3(write_xing="0")),
    Case(name="variable_no_count.mp3", make=lambda: _mp3(bit_rate=None, write_xing="0")),
    Case(name="tagged.mp3", make=lambda: defects.id3(250_000) + _mp3() + defects.id3v1()),
    Case(name="two_tags.mp3", make=lambda: defects.id3(900) + defects.id3(5_000) + _mp3()),
    Case(name="cover.mp3", make=lambda: defects.cover() + _mp3()),
    Case(name="cover_of_aac.aac", make=lambda: defects.cover() + spoken("adts", "aac", 44_100)),
    Case(name="ape_tag.mp3", make=lambda: _mp3() + defects.ape_tag() + defects.id3v1()),
    Case(name="tagged.wav", make=lambda: defects.id3(2_000) + _wav()),
    Case(name="tagged.flac", make=lambda: defects.id3(90_000) + spoken("flac", "flac", _RATE)),
    Case(name="tagged.aac", make=lambda: defects.id3(1_000) + spoken("adts", "aac", 44_100)),
    Case(name="tagged.tta", make=lambda: defects.id3(1_000) + spoken("tta", "tta", _RATE)),
    Case(name="tagged.wv", make=lambda: spoken("wv", "wavpack", _RATE) + defects.ape_tag()),
    # A name that does not match its content is taken. The content decides.
    Case(name="phone.mp3", extension="m4a", make=lambda: spoken("ipod", "aac", 44_100)),
    Case(name="really_wav.mp3", extension="wav", make=_wav),
    Case(name="really_mp3.wav", extension="mp3", make=_mp3),
    Case(name="really_opus.m4a", extension="ogg", make=lambda: spoken("ogg", "libopus", 48_000)),
    Case(name="really_webm.ogg", extension="webm", make=lambda: spoken("webm", "libopus", 48_000)),
    Case(name="really_flac.wav", extension="flac", make=lambda: spoken("flac", "flac", _RATE)),
    Case(name="really_gsm.wav", extension="gsm", make=telephone_gsm),
    Case(name="no_extension", extension="m4a", make=lambda: spoken("ipod", "aac", 44_100)),
    Case(name="memo.recording", extension="amr", make=_amr),
)
