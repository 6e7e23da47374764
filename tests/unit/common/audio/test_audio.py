"""Probing and decoding of complete, truncated and damaged recordings."""

import io
import random
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from common.audio import extent, joints
from common.audio.container import open_audio
from common.audio.decoding import BLOCK, decode, read_window
from common.audio.errors import (
    AudioError,
    EmptyAudioError,
    NoAudioStreamError,
    TruncatedAudioError,
    UndecodableAudioError,
)
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from tests.unit.common.audio import sounds

SECONDS = 5.0
#: Encoder delay not declared by the container, in samples at 16 kHz.
UNTOLD_DELAY = 800
#: Matroska rounds time stamps to milliseconds. ASF is hardly more precise.
ROUNDED = 24

WITHOUT_DECLARED_LENGTH = ("aac", "amr", "ts", "mpg", "opus")
LENGTH_AT_THE_END = ("m4a", "mov", "alac")
LENGTH_UNCHECKED = ("caf", "avi", "wma")


@pytest.fixture(scope="module")
def make() -> Callable[[str], bytes]:
    made: dict[str, bytes] = {}

    def make_once(name: str) -> bytes:
        if name not in made:
            made[name] = sounds.recording(name, SECONDS)
        return made[name]

    return make_once


def decoded(data: bytes) -> Samples:
    return np.concatenate(list(decode(io.BytesIO(data))))


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_probe_reports_properties(name: str, make: Callable[[str], bytes]) -> None:
    how = sounds.FORMATS[name]
    info = probe(io.BytesIO(make(name)))
    assert info.kind is how.kind
    assert info.duration == pytest.approx(SECONDS, abs=0.09)
    assert info.duration == pytest.approx(len(decoded(make(name))) / SAMPLE_RATE, abs=0.03)
    assert info.sample_rate == how.rate
    assert info.channels == (1 if how.layout == "mono" else 2)
    assert not info.truncated


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_decoding_preserves_length_and_position(name: str, make: Callable[[str], bytes]) -> None:
    how = sounds.FORMATS[name]
    sound = decoded(make(name))
    assert sound.dtype == np.float32
    assert len(sound) / SAMPLE_RATE == pytest.approx(SECONDS, abs=0.09)
    original = sounds.noise(SECONDS, how.rate)
    times = np.arange(len(sound)) / SAMPLE_RATE
    expected = np.interp(times, np.arange(len(original)) / how.rate, original)
    assert 0 <= sounds.lag(sound, expected.astype(np.float32)) <= UNTOLD_DELAY


@pytest.mark.parametrize("name", sounds.FORMATS)
@pytest.mark.parametrize(("start", "end"), [(0.3, 2.0), (2.75, 4.25)])
def test_window_matches_the_whole_recording(
    name: str, start: float, end: float, make: Callable[[str], bytes]
) -> None:
    whole = decoded(make(name))
    window = read_window(io.BytesIO(make(name)), start, end)
    assert len(window) == pytest.approx((end - start) * SAMPLE_RATE, abs=1)
    expected = whole[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    assert abs(sounds.lag(window, expected)) <= ROUNDED


def test_window_ends_with_the_recording(make: Callable[[str], bytes]) -> None:
    window = read_window(io.BytesIO(make("wav")), 3.0, 60.0)
    assert len(window) == 2 * SAMPLE_RATE
    assert not len(read_window(io.BytesIO(make("wav")), 60.0, 61.0))
    assert not len(read_window(io.BytesIO(make("wav")), 3.0, 3.0))


def test_blocks_have_equal_size() -> None:
    data = sounds.recording("flac", 20.0)
    sizes = [len(block) for block in decode(io.BytesIO(data))]
    assert set(sizes[:-1]) == {BLOCK}
    assert 0 < sizes[-1] <= BLOCK


def test_channels_are_mixed_down(tmp_path: Path) -> None:
    left = sounds.noise(1.0, 16_000)
    data = sounds.encode(left, sounds.FORMATS["wav"])  # Both channels alike.
    assert np.abs(decoded(data) - left).max() < 0.001


@pytest.mark.parametrize("count", [3, 6, 9, 32])
def test_every_track_of_a_recorder_is_heard(count: int) -> None:
    sound = sounds.noise(1.0, SAMPLE_RATE)
    for number in range(count):
        tracks = np.zeros((SAMPLE_RATE, count), dtype=np.float32)
        tracks[:, number] = sound
        assert np.abs(decoded(sounds.float_wav(tracks)) - sound / count).max() < 0.001


def test_tracks_of_integers_keep_their_level() -> None:
    sound = sounds.noise(1.0, SAMPLE_RATE)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setparams((12, 2, SAMPLE_RATE, 0, "NONE", ""))
        wav.writeframes((sound[:, None].repeat(12, axis=1) * 32_768).astype("<i2").tobytes())
    assert np.abs(decoded(file.getvalue()) - sound).max() < 0.001


def test_other_sample_rates_are_available(make: Callable[[str], bytes]) -> None:
    blocks = list(decode(io.BytesIO(make("mp3")), sample_rate=8_000))
    assert sum(map(len, blocks)) == pytest.approx(SECONDS * 8_000, abs=800)


def test_path_and_file_are_equivalent(tmp_path: Path, make: Callable[[str], bytes]) -> None:
    path = tmp_path / "meeting.m4a"
    path.write_bytes(make("m4a"))
    assert probe(path) == probe(str(path)) == probe(io.BytesIO(make("m4a")))


def test_silence_is_accepted() -> None:
    data = sounds.encode(np.zeros(32_000, dtype=np.float32), sounds.FORMATS["wav"])
    assert probe(io.BytesIO(data)).duration == pytest.approx(2.0)
    assert not decoded(data).any()


class CountingFile(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.taken = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("name", ["wav", "flac", "m4a", "webm"])
def test_probing_reads_a_small_part_of_a_large_recording(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extent, "_READ_THROUGH", 1_000_000)
    monkeypatch.setattr(joints, "_MOST_BYTES", 1_000_000)
    how = sounds.FORMATS[name]
    data = sounds.encode(np.tile(sounds.noise(15.0, how.rate), 8), how)
    file = CountingFile(data)
    assert probe(file).duration == pytest.approx(120, abs=0.1)
    assert file.taken < 0.8 * len(data)


def test_file_with_short_reads_is_accepted(make: Callable[[str], bytes]) -> None:
    class Reluctant(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1000) if size and size > 0 else size)

    assert probe(Reluctant(make("mp3"))) == probe(io.BytesIO(make("mp3")))


def test_read_error_is_not_taken_for_a_broken_recording(
    make: Callable[[str], bytes],
) -> None:
    class Store(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 40_000:
                raise ConnectionResetError("the store went away")
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        list(decode(Store(make("flac") * 10)))
    with pytest.raises(ConnectionResetError):
        probe(Store(make("m4a")))


def test_empty_file_is_rejected() -> None:
    with pytest.raises(EmptyAudioError):
        probe(io.BytesIO(b""))


@pytest.mark.parametrize("name", ["wav", "flac", "aiff", "caf"])
def test_container_without_samples_is_empty(name: str) -> None:
    data = sounds.encode(np.zeros(0, dtype=np.float32), sounds.FORMATS[name])
    with pytest.raises(UndecodableAudioError):
        probe(io.BytesIO(data))


def test_film_without_sound_is_rejected() -> None:
    with pytest.raises(NoAudioStreamError):
        probe(io.BytesIO(sounds.video_without_sound()))


@pytest.mark.parametrize("data", [b"plain text " * 100, b"%PDF-1.7" + bytes(500)])
def test_other_files_are_rejected(data: bytes) -> None:
    with pytest.raises(UndecodableAudioError):
        probe(io.BytesIO(data))
    with pytest.raises(UndecodableAudioError):
        list(decode(io.BytesIO(data)))


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a", "opus", "webm", "wma"])
def test_signature_before_garbage_is_rejected(name: str, make: Callable[[str], bytes]) -> None:
    rubbish = random.Random(3).randbytes(20_000)
    with pytest.raises(AudioError):
        probe(io.BytesIO(make(name)[:16] + rubbish))


def cut_at(data: bytes, part: float) -> io.BytesIO:
    return io.BytesIO(data[: int(len(data) * part)])


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "webm", "mka", "aiff", "au"])
def test_truncated_recording_is_detected(name: str, make: Callable[[str], bytes]) -> None:
    with pytest.raises(TruncatedAudioError) as caught:
        probe(cut_at(make(name), 0.6))
    assert caught.value.declared == pytest.approx(SECONDS, abs=0.1)
    assert caught.value.found == pytest.approx(0.6 * SECONDS, abs=0.3)
    assert caught.value.code == "AUDIO_PROCESSING_ERROR"


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "webm"])
def test_truncated_recording_can_be_accepted(name: str, make: Callable[[str], bytes]) -> None:
    info = probe(cut_at(make(name), 0.6), allow_truncated=True)
    assert info.truncated
    assert info.duration == pytest.approx(0.6 * SECONDS, abs=0.3)


@pytest.mark.parametrize("name", LENGTH_AT_THE_END)
def test_mp4_without_its_end_cannot_be_decoded(name: str, make: Callable[[str], bytes]) -> None:
    with pytest.raises(UndecodableAudioError):
        probe(cut_at(make(name), 0.9))


@pytest.mark.parametrize("name", WITHOUT_DECLARED_LENGTH + LENGTH_UNCHECKED)
def test_undeclared_length_is_the_length_found(name: str, make: Callable[[str], bytes]) -> None:
    info = probe(cut_at(make(name), 0.6), allow_truncated=True)
    assert info.duration == pytest.approx(0.6 * SECONDS, abs=0.9)


def test_wav_of_a_streaming_recorder_is_complete(
    make: Callable[[str], bytes],
) -> None:
    data = bytearray(make("wav"))
    at = data.index(b"data") + 4
    for unknown in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"):
        data[at : at + 4] = unknown
        info = probe(io.BytesIO(bytes(data)))
        assert info.duration == pytest.approx(SECONDS, abs=0.01)
        assert not info.truncated


def test_lost_packets_become_silence() -> None:
    whole = sounds.noise(6.0, 48_000)
    buffer = io.BytesIO()
    original = io.BytesIO(sounds.encode(whole, sounds.FORMATS["webm"]))
    with av.open(original, "r") as source, av.open(buffer, "w", format="webm") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.pts is None or 2_000 <= packet.pts < 4_000:
                continue
            packet.stream = stream
            target.mux(packet)
    sound = decoded(buffer.getvalue())
    assert len(sound) / SAMPLE_RATE == pytest.approx(6.0, abs=0.1)
    assert not sound[round(2.2 * SAMPLE_RATE) : round(3.8 * SAMPLE_RATE)].any()
    untouched = decoded(sounds.encode(whole, sounds.FORMATS["webm"]))
    late = slice(round(4.5 * SAMPLE_RATE), round(5.8 * SAMPLE_RATE))
    assert abs(sounds.lag(sound[late], untouched[late])) <= ROUNDED


@pytest.mark.parametrize("name", sounds.FORMATS)
def test_damage_raises_audio_errors_only(name: str) -> None:
    whole = sounds.recording(name, 1.0)
    dice = random.Random(name)
    for _ in range(8):
        data = bytearray(whole)
        damage = dice.choice(("header", "anywhere", "hole", "end"))
        if damage == "end":
            del data[dice.randrange(len(data)) :]
        elif damage == "hole":
            at = dice.randrange(len(data))
            del data[at : at + dice.randrange(1, 5_000)]
        else:
            reach = min(600, len(data)) if damage == "header" else len(data)
            for _ in range(dice.randrange(1, 60)):
                data[dice.randrange(reach)] = dice.randrange(256)
        try:
            probe(io.BytesIO(bytes(data)), allow_truncated=True)
            for number, block in enumerate(decode(io.BytesIO(bytes(data)))):
                assert np.isfinite(block).all()
                if number > 50:
                    break
        except AudioError:
            pass


def test_recording_cannot_open_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sounds.recording("wav", 1.0))
    for playlist in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
    ):
        with pytest.raises(UndecodableAudioError):
            probe(io.BytesIO(playlist.encode()))


def test_file_object_is_left_open(make: Callable[[str], bytes]) -> None:
    file = io.BytesIO(make("mp3"))
    with open_audio(file) as opened:
        assert opened.stream.codec_context.name.startswith("mp3")
    assert not file.closed
