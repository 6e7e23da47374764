"""NIST SPHERE and DSD by their bytes, as FFmpeg cannot write them."""

import struct

import numpy as np
import numpy.typing as npt

from common.audio.resampling import Samples

#: DSD64: one bit 64 times as often as a compact disc has samples.
_RATE = 2_822_400
_BLOCK = 4_096


def sphere(data: bytes, rate: int) -> bytes:
    """Return mono integers of 16 bits (little-endian) as a SPHERE file of speech corpora."""
    fields = (
        "NIST_1A",
        "   1024",
        "channel_count -i 1",
        f"sample_count -i {len(data) // 2}",
        f"sample_rate -i {rate}",
        "sample_n_bytes -i 2",
        "sample_byte_format -s2 01",
        "sample_coding -s3 pcm",
        "end_head",
    )
    return "\n".join((*fields, "")).encode().ljust(1024) + data


def dsf(samples: Samples, rate: int) -> bytes:
    """Return mono samples as a DSF file."""
    bits: bytes = np.packbits(_modulated(samples, rate), bitorder="little").tobytes()
    data = bits.ljust(-(-len(bits) // _BLOCK) * _BLOCK, b"\x69")
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, _RATE, 1, len(bits) * 8, _BLOCK, 0)
    whole = 28 + len(form) + 12 + len(data)
    head = struct.pack("<4sQQQ", b"DSD ", 28, whole, 0)
    return head + form + struct.pack("<4sQ", b"data", 12 + len(data)) + data


def dff(samples: Samples, rate: int) -> bytes:
    """Return mono samples as a DSDIFF file."""
    data = np.packbits(_modulated(samples, rate)).tobytes()
    properties = b"SND " + b"".join(
        (
            _chunk(b"FS  ", struct.pack(">I", _RATE)),
            _chunk(b"CHNL", struct.pack(">H4s", 1, b"C   ")),
            _chunk(b"CMPR", b"DSD \x0enot compressed\x00"),
        )
    )
    chunks = (
        _chunk(b"FVER", struct.pack(">I", 0x01050000)),
        _chunk(b"PROP", properties),
        _chunk(b"DSD ", data),
    )
    return _chunk(b"FRM8", b"DSD " + b"".join(chunks))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">Q", len(body)) + body + bytes(len(body) % 2)


def _modulated(samples: Samples, rate: int) -> npt.NDArray[np.uint8]:
    """Return the bits of a sigma-delta modulator of the first order."""
    places = np.arange(round(len(samples) / rate * _RATE)) * (rate / _RATE)
    wave = np.interp(places, np.arange(len(samples)), samples.astype(np.float64))
    steps = np.floor(np.cumsum((wave + 1) / 2))
    return np.asarray(np.diff(steps, prepend=0.0), np.uint8)
