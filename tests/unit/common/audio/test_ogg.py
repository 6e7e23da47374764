"""Chained Ogg files, with several recordings one after the other."""

import io
import random
import struct

import numpy as np
import pytest

from common.audio import ogg
from common.audio.decoding import decode, read_window
from common.audio.errors import AudioError
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.seekable import View
from tests.unit.common.audio import sounds

FIRST, SECOND = 4.0, 3.0


def opus(seconds: float, seed: int, layout: str = "mono") -> bytes:
    how = sounds.FORMATS["opus"]
    mono = sounds.Format(
        kind=how.kind,
        container=how.container,
        codec=how.codec,
        rate=how.rate,
        extension="ogg",
        layout=layout,
    )
    return sounds.encode(sounds.noise(seconds, how.rate, seed=seed), mono)


def numbered(data: bytes, serial: int) -> bytes:
    """Return the file with another serial number on its pages."""
    changed = bytearray(data)
    position = 0
    while position < len(changed):
        segments = changed[position + 26]
        end = position + 27 + segments
        end += sum(changed[position + 27 : position + 27 + segments])
        struct.pack_into("<I", changed, position + 14, serial)
        checksum = ogg.checksum(bytes(changed[position:end]))
        struct.pack_into("<I", changed, position + 22, checksum)
        position = end
    return bytes(changed)


def decoded(data: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(data))))


@pytest.fixture(scope="module", params=["other serials", "one serial", "other channels"])
def chained(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    """Return two files and their concatenation."""
    first = numbered(opus(FIRST, 1), 7)
    second = opus(SECOND, 2, "stereo" if request.param == "other channels" else "mono")
    return first, numbered(second, 7 if request.param == "one serial" else 8)


def test_links_are_found(chained: tuple[bytes, bytes]) -> None:
    first, second = chained
    size = len(first) + len(second)
    assert ogg.links(io.BytesIO(first + second)) == [(0, len(first)), (len(first), size)]
    assert ogg.links(io.BytesIO(first)) == [(0, len(first))]


def test_bytes_that_only_look_like_a_link_are_ignored() -> None:
    data = opus(1.0, 1)
    fake = b"OggS\x00\x02" + random.Random(1).randbytes(60)
    assert ogg.links(io.BytesIO(data + fake)) == [(0, len(data) + len(fake))]
    assert ogg.links(io.BytesIO(b"OggS\x00\x02")) == [(0, 6)]


def test_links_across_read_boundaries_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first = numbered(opus(1.0, 1), 7)
    for chunk in range(len(first) - 5, len(first) + 7):
        monkeypatch.setattr(ogg, "_CHUNK", chunk)
        assert len(ogg.links(io.BytesIO(first + opus(1.0, 2)))) == 2


def test_chain_is_as_long_as_its_links(chained: tuple[bytes, bytes]) -> None:
    info = probe(io.BytesIO(b"".join(chained)))
    assert info.duration == pytest.approx(FIRST + SECOND, abs=0.05)
    assert not info.truncated


def test_chain_sounds_like_its_links(chained: tuple[bytes, bytes]) -> None:
    whole = decoded(b"".join(chained))
    first, second = map(decoded, chained)
    assert len(whole) / SAMPLE_RATE == pytest.approx(FIRST + SECOND, abs=0.05)
    assert np.abs(whole[: len(first) - 500] - first[:-500]).max() < 1e-4
    assert np.abs(whole[-len(second) + 500 :] - second[500:]).max() < 1e-4


@pytest.mark.parametrize(("start", "end"), [(0.5, 2.0), (3.0, 5.0), (4.0, 5.5), (5.5, 6.5)])
def test_windows_of_every_link_match_the_whole_recording(
    chained: tuple[bytes, bytes], start: float, end: float
) -> None:
    data = b"".join(chained)
    window = read_window(io.BytesIO(data), start, end)
    assert len(window) == round((end - start) * SAMPLE_RATE)
    expected = decoded(data)[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    assert sounds.lag(window, expected) == 0
    assert np.abs(window - expected).mean() < 0.01


def test_many_links_do_not_drift() -> None:
    links = [numbered(opus(0.5, number), number + 1) for number in range(20)]
    data = b"".join(links)
    whole, last = decoded(data), decoded(links[-1])
    assert len(whole) / SAMPLE_RATE == pytest.approx(probe(io.BytesIO(data)).duration, abs=0.01)
    assert np.abs(whole[-len(last) + 500 :] - last[500:]).max() < 1e-4


def test_link_without_sound_is_skipped() -> None:
    first, third = numbered(opus(1.0, 1), 7), numbered(opus(1.0, 3), 9)
    header = first[: 27 + first[26] + sum(first[27 : 27 + first[26]])]
    whole = decoded(first + numbered(header, 8) + third)
    assert len(whole) / SAMPLE_RATE == pytest.approx(2.0, abs=0.05)


def test_damaged_chain_raises_audio_errors_only() -> None:
    data = numbered(opus(0.5, 1), 7) + numbered(opus(0.5, 2), 8)
    dice = random.Random(5)
    for _ in range(30):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 40)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            probe(io.BytesIO(damaged), allow_truncated=True)
            assert np.isfinite(decoded(bytes(damaged))).all()
        except AudioError:
            pass


def test_section_reads_like_a_file() -> None:
    section = View(io.BytesIO(bytes(range(100))), 10, 20)
    assert section.read(3) == bytes([10, 11, 12])
    assert section.tell() == 3
    assert section.seek(-2, io.SEEK_END) == 8
    assert section.read() == bytes([18, 19])
    assert section.read(5) == b""
    assert section.seek(1) == 1
    assert section.seek(1, io.SEEK_CUR) == 2
    assert section.read(100) == bytes(range(12, 20))
