"""Parts of joined files, and sound that goes on across their joints."""

import io
import random
from dataclasses import replace

import numpy as np
import pytest

from common.audio import joints, search
from common.audio.decoding import decode, read_window
from common.audio.joints import sections
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from tests.unit.common.audio import sounds

FIRST, SECOND = 3.0, 4.0
#: Formats whose parts can be told, and others that go on by themselves.
PARTED = ("flac", "webm", "mka", "ts", "mpg", "opus", "amr")
FLOWING = ("mp3", "aac")


def recording(name: str, seconds: float, seed: int, rate: int | None = None) -> bytes:
    how = sounds.FORMATS[name]
    how = replace(how, rate=rate or how.rate)
    return sounds.encode(sounds.noise(seconds, how.rate, seed=seed), how)


def decoded(data: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(data))))


@pytest.mark.parametrize("name", PARTED)
@pytest.mark.parametrize("rate", [None, 24_000], ids=["same", "other rate"])
def test_parts_are_found(name: str, rate: int | None) -> None:
    kind = sounds.FORMATS[name].kind
    if name == "amr":
        rate = None  # Its only one.
    first, second = recording(name, FIRST, 1), recording(name, SECOND, 2, rate)
    file = io.BytesIO(first + second)
    (begin, joint), (after, end) = sections(file, kind)
    # A transport stream's first packet describes the service only.
    assert (begin, joint, end) == (0, after, len(first + second))
    assert joint - len(first) in {0, 188}
    assert file.tell() == 0
    assert sections(io.BytesIO(first), kind) == [(0, len(first))]


@pytest.mark.parametrize("name", [*PARTED, *FLOWING])
def test_joined_files_are_as_long_as_their_parts(name: str) -> None:
    first, second = recording(name, FIRST, 1), recording(name, SECOND, 2)
    whole = decoded(first + second)
    assert probe(io.BytesIO(first + second)).duration == pytest.approx(
        len(whole) / SAMPLE_RATE, abs=0.06
    )
    assert len(whole) / SAMPLE_RATE == pytest.approx(FIRST + SECOND, abs=0.3)
    alone = decoded(second)
    assert abs(sounds.lag(whole[-len(alone) :], alone)) < 0.1 * SAMPLE_RATE


@pytest.mark.parametrize("name", [*PARTED, *FLOWING])
@pytest.mark.parametrize("start", [1.0, 2.8, 4.0, 5.5])
def test_windows_of_joined_files_match_the_whole(name: str, start: float) -> None:
    data = recording(name, FIRST, 1) + recording(name, SECOND, 2)
    window = read_window(io.BytesIO(data), start, start + 1.0)
    expected = decoded(data)[round(start * SAMPLE_RATE) :][:SAMPLE_RATE]
    assert len(window) == SAMPLE_RATE
    assert abs(sounds.lag(window, expected)) < 0.05 * SAMPLE_RATE


def test_many_parts_do_not_drift() -> None:
    parts = [recording("flac", 0.5, number) for number in range(12)]
    whole, last = decoded(b"".join(parts)), decoded(parts[-1])
    assert len(whole) == pytest.approx(6.0 * SAMPLE_RATE, abs=200)
    assert abs(sounds.lag(whole[-len(last) :], last)) <= 200


@pytest.mark.parametrize("name", ["flac", "mka", "ts"])
def test_large_files_are_not_searched(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = recording(name, 1.0, 1) * 2
    monkeypatch.setattr(joints, "_MOST_BYTES", len(data) - 1)
    assert sections(io.BytesIO(data), sounds.FORMATS[name].kind) == [(0, len(data))]


def test_parts_across_read_boundaries_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    first = recording("flac", 0.5, 1)
    for chunk in (len(first) - 1, len(first), len(first) + 1, len(first) + 9, 1_000):
        monkeypatch.setattr(search, "_CHUNK", chunk)
        found = sections(io.BytesIO(first + first), sounds.FORMATS["flac"].kind)
        assert found == [(0, len(first)), (len(first), 2 * len(first))]


def test_marker_within_the_sound_is_no_part() -> None:
    data = recording("flac", 0.5, 1) + b"fLaC and more" + b"\x1a\x45\xdf\xa3webm"
    for name in ("flac", "webm"):
        assert sections(io.BytesIO(data), sounds.FORMATS[name].kind) == [(0, len(data))]


def test_transport_stream_is_searched_past_damage() -> None:
    first, second = recording("ts", FIRST, 1), recording("ts", SECOND, 2)
    hole = first[:20_000] + random.Random(1).randbytes(777) + first[21_000:]
    found = sections(io.BytesIO(hole + second[188 * 3 + 50 :]), sounds.FORMATS["ts"].kind)
    assert len(found) == 2
    assert found[0][1] == pytest.approx(len(hole), abs=20_000)


def test_packets_of_blu_ray_are_searched_too() -> None:
    joined = recording("ts", FIRST, 1) + recording("ts", SECOND, 2)
    packets = (joined[at : at + 188] for at in range(0, len(joined), 188))
    data = b"".join(b"\0\0\0\0" + packet for packet in packets)
    assert len(sections(io.BytesIO(data), sounds.FORMATS["ts"].kind)) == 2
