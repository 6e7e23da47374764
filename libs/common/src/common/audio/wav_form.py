"""The description of the sound in a WAV file, with impossible fields replaced.

Each field is compared with the others, because encoders get single ones wrong: the byte rate of
compressed sound, the block align, or the bits per sample.
"""

import struct
from collections import Counter
from dataclasses import dataclass, replace
from typing import Self

_EXTENSIBLE = 0xFFFE
_PCM, _FLOAT, _ALAW, _MULAW = 1, 3, 6, 7
#: Bytes per sample that uncompressed formats may have, by tag.
_WIDTHS = {_PCM: (1, 2, 3, 4, 8), _FLOAT: (4, 8, 2, 3), _ALAW: (1,), _MULAW: (1,)}
_USUAL_WIDTHS = {_PCM: 2, _FLOAT: 4, _ALAW: 1, _MULAW: 1}
_MS_ADPCM, _IMA_ADPCM, _YAMAHA_ADPCM, _GSM, _G722 = 0x02, 0x11, 0x20, 0x31, 0x28F
#: Formats with a fixed number of bits per sample, which the header states: G.726, OKI, Dialogic.
_FIXED_BITS = frozenset({0x10, 0x14, 0x17, 0x40, 0x45, 0x64})
#: Bytes and samples of a block of GSM 06.10.
_GSM_BLOCK = (65, 320)
#: Sound that an encoder may add to fill its last block.
_PADDING_SECONDS = 0.5

_SANE_RATES = range(1_000, 768_001)
_MOST_CHANNELS = 256
#: What the fields of the header can hold.
_MOST_BLOCK, _MOST_BYTE_RATE = 0xFFFF, 0xFFFFFFFF
#: The least and greatest compression of sound that is not silence.
_FEWEST_BYTES_PER_SECOND = 60.0
_MOST_BYTES_PER_SAMPLE = 8.5


@dataclass(frozen=True, kw_only=True, slots=True)
class WavForm:
    """The format of the samples: the fields of the chunk `fmt `.

    `tag` is the codec, also of extensible formats. `block` is the block align in bytes, `extension`
    what follows the bits per sample.
    """

    tag: int
    channels: int
    rate: int
    byte_rate: int
    block: int
    bits: int
    extension: bytes = b""
    is_extensible: bool = False
    order: str = "<"

    @classmethod
    def parse(cls, body: bytes, order: str = "<") -> Self | None:
        """Return the repaired format, None if the chunk is too short to say anything."""
        if len(body) < 14:
            return None
        tag, channels, rate, byte_rate, block = struct.unpack_from(f"{order}HHIIH", body)
        (bits,) = struct.unpack_from(f"{order}H", body, 14) if len(body) >= 16 else (0,)
        extension = body[16:]
        is_extensible = tag == _EXTENSIBLE and len(body) >= 40
        if is_extensible:
            (tag,) = struct.unpack_from(f"{order}H", body, 24)
        elif tag == _EXTENSIBLE:
            tag = _PCM
        form = cls(
            tag=tag,
            channels=channels,
            rate=rate,
            byte_rate=byte_rate,
            block=block,
            bits=bits,
            extension=extension,
            is_extensible=is_extensible,
            order=order,
        )
        return form._repaired()

    @property
    def is_linear(self) -> bool:
        """Whether every sample has the same number of bytes."""
        return self.tag in _WIDTHS

    @property
    def is_float(self) -> bool:
        """Whether samples are floating-point numbers."""
        return self.tag == _FLOAT

    def pack(self) -> bytes:
        """Return the chunk with its header, in little-endian order."""
        extension = b"" if self.order == ">" or self.is_linear else self.extension
        tag = self.tag
        if self.is_extensible and self.order == "<":
            valid = struct.pack("<H", self.bits) if self.is_linear else self.extension[2:4]
            extension = self.extension[:2] + valid + self.extension[4:]
            tag = _EXTENSIBLE
        fields = (tag, self.channels, self.rate, self.byte_rate, self.block, self.bits)
        body = struct.pack("<HHIIHH", *fields) + extension
        return struct.pack("<4sI", b"fmt ", len(body)) + body + bytes(len(body) % 2)

    def measured(self, size: int, fact: int | None) -> Self:
        """Return the format with the byte rate of `size` bytes holding `fact` samples."""
        seconds = self.seconds(size, fact)
        if self.is_linear or not seconds:
            return self
        return replace(self, byte_rate=min(max(1, round(size / seconds)), _MOST_BYTE_RATE))

    def seconds(self, size: int, fact: int | None) -> float:
        """Return the length of `size` bytes of sound in seconds, 0 if it is unknown.

        `fact` is the number of samples stated by the file. It counts only if the bytes agree.
        """
        if not self.rate:
            return 0.0
        if self.is_linear:
            return size // self.block / self.rate if self.block else 0.0
        counted = _samples(self, size) / self.rate
        stated = (fact or 0) / self.rate
        if counted:
            # The last block may be padded.
            return stated if 0 <= counted - stated <= _PADDING_SECONDS else counted
        if stated and self._is_credible(size / stated):
            return stated
        return size / self.byte_rate if self._is_credible(self.byte_rate) else 0.0

    def _is_credible(self, byte_rate: float) -> bool:
        most = _MOST_BYTES_PER_SAMPLE * self.rate * max(1, self.channels)
        return _FEWEST_BYTES_PER_SECOND <= byte_rate <= most

    def _repaired(self) -> Self:
        channels = self.channels
        if not 0 < channels <= _MOST_CHANNELS:
            channels = 1
        form = replace(self, channels=channels)
        return form._linear() if form.is_linear else form._compressed()

    def _linear(self) -> Self:
        width = self._width()
        block = width * self.channels
        rate = self.rate
        if rate not in _SANE_RATES and self.byte_rate // block in _SANE_RATES:
            rate = self.byte_rate // block
        byte_rate = min(rate * block, _MOST_BYTE_RATE)
        return replace(self, rate=rate, block=block, byte_rate=byte_rate, bits=8 * width)

    def _width(self) -> int:
        """Return the bytes per sample on which most fields agree. The bits count most."""
        per_second = self.rate * self.channels
        votes = [
            -(-self.bits // 8),
            self.block // self.channels if self.block % self.channels == 0 else 0,
            self.byte_rate // per_second if per_second and self.byte_rate % per_second == 0 else 0,
        ]
        possible = _WIDTHS[self.tag]
        counted = Counter(vote for vote in votes if vote in possible)
        return counted.most_common(1)[0][0] if counted else _USUAL_WIDTHS[self.tag]

    def _compressed(self) -> Self:
        block = self.block
        if block <= self.channels:
            block = _block_of(self) or block
        return replace(self, block=block)


def _samples(form: WavForm, size: int) -> float:
    """Return the samples per channel in so many bytes of a codec, 0 if that is unknown."""
    block, channels = form.block, form.channels
    if form.tag in _FIXED_BITS and 0 < form.bits <= 8:
        return size * 8 / (form.bits * channels)
    if form.tag in {_YAMAHA_ADPCM, _G722}:
        return size * 2 / channels
    per_block = {
        _MS_ADPCM: (block - 7 * channels) * 2 // channels + 2,
        _IMA_ADPCM: (block - 4 * channels) * 8 // ((form.bits or 4) * channels) + 1,
        _GSM: block * _GSM_BLOCK[1] // _GSM_BLOCK[0],
    }.get(form.tag, 0)
    return size / block * per_block if block and per_block > 0 else 0.0


def _block_of(form: WavForm) -> int | None:
    """Return the block align given by the stated samples per block."""
    if form.tag == _GSM:
        return _GSM_BLOCK[0]
    if len(form.extension) < 4 or form.tag not in {_MS_ADPCM, _IMA_ADPCM}:
        return None
    (samples,) = struct.unpack_from(f"{form.order}H", form.extension, 2)
    per_channel = (samples - 2) // 2 + 7 if form.tag == _MS_ADPCM else (samples - 1) // 2 + 4
    block = int(per_channel) * form.channels
    return block if block <= _MOST_BLOCK else None
