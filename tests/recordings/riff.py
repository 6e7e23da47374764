"""Files of the RIFF family by their bytes, with every field of the header free to be wrong."""

import struct

import numpy as np

from common.audio.resampling import Samples

#: Written to 32-bit sizes whose real value is in a `ds64` chunk.
_SEE_DS64 = 0xFFFFFFFF
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
#: The end of every GUID made of a format tag.
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def pcm(samples: Samples, bits: int = 16, *, big: bool = False) -> bytes:
    """Return interleaved integers of (channels, n) or mono samples in ±1.

    Eight bits are unsigned.
    """
    frames = np.atleast_2d(samples).T
    values = np.round(np.clip(frames, -1, 1) * (2.0 ** (bits - 1) - 1)).astype(np.int64)
    if bits == 8:
        return (values + 128).astype(np.uint8).tobytes()
    size = bits // 8
    octets = values.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :size]
    return (octets[:, ::-1] if big else octets).tobytes()


def floats(samples: Samples, bits: int = 32) -> bytes:
    """Return interleaved floating-point values of (channels, n) or mono samples, as they are."""
    return np.atleast_2d(samples).T.astype(f"<f{bits // 8}").tobytes()


def chunk(name: bytes, body: bytes, *, size: int | None = None, big: bool = False) -> bytes:
    """Return a chunk, padded to an even length. `size` replaces the right one in its header."""
    stated = len(body) if size is None else size
    return name + struct.pack(">I" if big else "<I", stated) + body + bytes(len(body) % 2)


def wav(
    data: bytes,
    rate: int,
    *,
    channels: int = 1,
    bits: int = 16,
    floating: bool = False,
    magic: bytes = b"RIFF",
    byte_rate: int | None = None,
    block_align: int | None = None,
    stated_bits: int | None = None,
    data_size: int | None = None,
    riff_size: int | None = None,
    long_sizes: int | None = None,
    mask: int | None = None,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Return a WAV file of PCM data. Fields that are not given have their right values.

    `mask` makes the header extensible and names the positions of the channels. `before` and `after`
    are chunks around the data. `magic` RIFX turns the header big-endian (the data is given so).
    RF64 and BW64 put the sizes into a `ds64` chunk, where `long_sizes` replaces all of them.
    """
    big, long = magic == b"RIFX", magic in {b"RF64", b"BW64"}
    end = ">" if big else "<"
    block = channels * bits // 8
    tag = _FLOAT if floating else _PCM
    form = struct.pack(
        end + "HHIIHH",
        tag if mask is None else _EXTENSIBLE,
        channels,
        rate,
        rate * block if byte_rate is None else byte_rate,
        block if block_align is None else block_align,
        bits if stated_bits is None else stated_bits,
    )
    if mask is not None:
        form += struct.pack(end + "HHIH", 22, bits, mask, tag) + _GUID_TAIL
    inner = chunk(b"fmt ", form, big=big) + before
    stated = _SEE_DS64 if long and data_size is None else data_size
    body = inner + chunk(b"data", data, size=stated, big=big) + after
    if long:
        # The size of the whole counts `WAVE` and this chunk too.
        sizes = (len(body) + 40, len(data), len(data) // block)
        if long_sizes is not None:
            sizes = (long_sizes,) * 3
        body = chunk(b"ds64", struct.pack("<QQQI", *sizes, 0)) + body
    whole = 4 + len(body) if riff_size is None else riff_size
    return magic + struct.pack(end + "I", _SEE_DS64 if long else whole) + b"WAVE" + body
