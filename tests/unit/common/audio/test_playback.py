"""Playback copies, decoded again."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from common.audio import playback
from common.audio.decoding import decode
from common.audio.errors import UndecodableAudioError
from common.audio.peaks import HEADER_BYTES, read_index
from common.audio.playback import PlaybackError, PlaybackRecorder, signals_of_copy
from common.audio.playback_opus import BIT_RATE, OpusEncoder, joined_packet, opus_head, width_of
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource, Signal, SignalPart, Sound
from tests.unit.common.audio.sounds import float_wav, lag

#: Most distance between a sound and its copy, in samples: 1 ms.
NEAR = SAMPLE_RATE // 1000
PARTIES = (1, 2, 3, 4, 5, 6, 7, 9)


def party(number: int, seconds: float) -> Samples:
    """Return beeps of a pitch and at moments of their own."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    beeps = 0.5 * np.sin(2 * np.pi * (300 + 170 * number) * time)
    moments = (time % 4 > 0.4 * number) & (time % 4 < 0.4 * number + 0.35)
    return np.where(moments, beeps, 0.0).astype(np.float32)


def recording(parties: int, seconds: float) -> list[AudioSource]:
    """Return the signals of a recording with one party on each channel."""
    channels = np.stack([party(number, seconds) for number in range(parties)], axis=1)
    file = float_wav(channels)
    return [
        Sound(
            file=io.BytesIO(file),
            signal=Signal(
                parts=(
                    SignalPart(
                        track=0, gains=tuple(float(own == other) for other in range(parties))
                    ),
                )
            ),
        )
        for own in range(parties)
    ]


def heard(source: AudioSource) -> Samples:
    """Return all samples of a signal."""
    return np.concatenate(list(decode(source)))


def copied(recorder: PlaybackRecorder) -> tuple[bytes, bytes]:
    """Return the copy and the peaks."""
    files = recorder.finish()
    files.copy.seek(0)
    files.peaks.seek(0)
    copy, peaks = files.copy.read(), files.peaks.read()
    assert (len(copy), len(peaks)) == (files.copy_bytes, files.peaks_bytes)
    return copy, peaks


@pytest.mark.parametrize("parties", PARTIES)
def test_each_party_is_heard_by_itself_at_its_moments(parties: int) -> None:
    with PlaybackRecorder(parties) as recorder:
        originals = [heard(sound) for sound in recorder.listening(recording(parties, 5.037))]
        copy, peaks = copied(recorder)
    assert read_index(peaks[:HEADER_BYTES]).channels == parties
    for original, signal in zip(originals, signals_of_copy(parties), strict=True):
        again = heard(Sound(file=io.BytesIO(copy), signal=signal))
        assert len(again) == len(original)
        assert abs(lag(again, original)) <= NEAR
        assert np.corrcoef(again, original)[0, 1] > 0.99
        assert np.sqrt(np.mean(again**2)) == pytest.approx(np.sqrt(np.mean(original**2)), rel=0.05)


def test_click_stays_where_it_was() -> None:
    sound = np.zeros(70 * SAMPLE_RATE, dtype=np.float32)
    moments = [0.5, 19.98, 33.333, 69.9]
    for moment in moments:
        place = round(moment * SAMPLE_RATE)
        sound[place : place + 16] = 0.9
    with PlaybackRecorder(1) as recorder:
        heard(recorder.listening([io.BytesIO(float_wav(sound))])[0])
        copy, _ = copied(recorder)
    again = np.abs(heard(io.BytesIO(copy)))
    for moment in moments:
        place = round(moment * SAMPLE_RATE)
        around = again[place - SAMPLE_RATE // 4 : place + SAMPLE_RATE // 4 + 1]
        found = (int(np.argmax(around)) - SAMPLE_RATE // 4) / SAMPLE_RATE
        assert abs(found) < 0.005


def test_a_seek_finds_the_same_sound() -> None:
    with PlaybackRecorder(2) as recorder:
        for sound in recorder.listening(recording(2, 45.0)):
            heard(sound)
        copy, _ = copied(recorder)
    source = Sound(file=io.BytesIO(copy), signal=signals_of_copy(2)[1])
    whole = heard(source)
    piece = np.concatenate(list(decode(source, 31.25, 36.0)))
    expected = whole[round(31.25 * SAMPLE_RATE) : 36 * SAMPLE_RATE]
    assert abs(lag(piece, expected)) <= NEAR
    assert np.corrcoef(piece, expected)[0, 1] > 0.99


def test_copy_has_an_index_before_the_sound_and_the_promised_rate() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, 60 * SAMPLE_RATE).astype(np.float32)
    with PlaybackRecorder(1) as recorder:
        heard(recorder.listening([io.BytesIO(float_wav(noise))])[0])
        copy, _ = copied(recorder)
    assert len(copy) * 8 / 60 < 1.2 * BIT_RATE
    assert copy.index(b"\x1c\x53\xbb\x6b") < copy.index(b"\x1f\x43\xb6\x75")
    with av.open(io.BytesIO(copy), "r") as container:
        assert container.format.name == "matroska,webm"
        assert container.duration == 60_000_000
        assert container.streams.audio[0].codec_context.name == "opus"


def test_a_signal_that_cannot_be_decoded_is_silent() -> None:
    sounds: list[AudioSource] = [*recording(2, 3.0)[1:], io.BytesIO(b"no audio")]
    with PlaybackRecorder(2) as recorder:
        first, second = recorder.listening(sounds)
        original = heard(first)
        with pytest.raises(Exception, match="audio"):
            heard(second)
        copy, _ = copied(recorder)
    channels = [heard(Sound(file=io.BytesIO(copy), signal=signal)) for signal in signals_of_copy(2)]
    assert abs(lag(channels[0], original)) <= NEAR
    assert np.abs(channels[1]).max() < 1e-3


def test_a_shorter_signal_ends_in_silence() -> None:
    sounds: list[AudioSource] = [
        io.BytesIO(float_wav(party(0, 2.0))),
        io.BytesIO(float_wav(party(1, 6.0))),
    ]
    with PlaybackRecorder(2) as recorder:
        for sound in recorder.listening(sounds):
            heard(sound)
        copy, _ = copied(recorder)
    first = heard(Sound(file=io.BytesIO(copy), signal=signals_of_copy(2)[0]))
    assert len(first) == 6 * SAMPLE_RATE
    assert np.abs(first[3 * SAMPLE_RATE :]).max() < 1e-3


def test_only_the_first_whole_pass_is_recorded() -> None:
    source = io.BytesIO(float_wav(party(0, 3.0)))
    with PlaybackRecorder(1) as recorder:
        (sound,) = recorder.listening([source])
        list(decode(sound, 1.0, 2.0))
        list(decode(sound, sample_rate=8_000))
        original = heard(sound)
        interrupted = decode(sound)
        next(interrupted)
        copy, _ = copied(recorder)
    assert len(heard(io.BytesIO(copy))) == len(original)


def test_a_signal_left_in_the_middle_makes_no_copy() -> None:
    with PlaybackRecorder(1) as recorder:
        blocks = decode(recorder.listening([io.BytesIO(float_wav(party(0, 9.0)))])[0])
        next(blocks)
        with pytest.raises(PlaybackError, match="end"):
            recorder.finish()


def test_without_any_sound_there_is_no_copy() -> None:
    with PlaybackRecorder(1) as recorder, pytest.raises(PlaybackError, match="No signal"):
        recorder.finish()


def test_an_error_of_the_encoder_does_not_reach_the_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> list[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OpusEncoder, "push", broken)
    source = io.BytesIO(float_wav(party(0, 9.0)))
    with PlaybackRecorder(1) as recorder:
        original = heard(recorder.listening([source])[0])
        assert len(original) == 9 * SAMPLE_RATE
        with pytest.raises(PlaybackError, match="No space left"):
            recorder.finish()


def test_an_error_of_the_recording_reaches_the_listener() -> None:
    def blocks() -> Iterator[Samples]:
        yield party(0, 1.0)
        raise UndecodableAudioError("It breaks off.")

    with PlaybackRecorder(1) as recorder:
        (sound,) = recorder.listening([io.BytesIO(b"")])
        assert isinstance(sound, Sound)
        assert sound.listener is not None
        with pytest.raises(UndecodableAudioError):
            list(sound.listener(blocks()))


def test_files_have_no_name_and_are_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with PlaybackRecorder(1) as recorder:
        heard(recorder.listening([io.BytesIO(float_wav(party(0, 2.0)))])[0])
        files = recorder.finish()
        assert list(tmp_path.iterdir()) == []
    assert files.copy.closed
    assert playback.WEBM_TYPE == "audio/webm"


def test_packets_of_several_streams_carry_lengths() -> None:
    long, short = bytes([0xB8]) + b"x" * 700, bytes([0xB8]) + b"y"
    joined = joined_packet([long, short])
    first = joined[1]
    assert joined[0] == 0xB8
    assert first >= 252
    assert first + 4 * joined[2] == 700
    assert joined[3:] == b"x" * 700 + short
    with pytest.raises(ValueError, match="several"):
        joined_packet([bytes([0xBB, 2]), short])


@pytest.mark.parametrize("parties", PARTIES)
def test_head_has_a_stream_for_each_channel(parties: int) -> None:
    head = opus_head(parties, 104)
    assert head[9] == width_of(parties)
    assert int.from_bytes(head[10:12], "little") == 312
    if parties > 1:
        assert (head[19], head[20]) == (width_of(parties), 0)
        assert sorted(head[21:]) == list(range(width_of(parties)))


def test_files_are_on_disk_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(playback, "_ON_DISK", str(tmp_path))
    assert playback.directory_of_large_files() == str(tmp_path)
    monkeypatch.setattr(playback, "_ON_DISK", str(tmp_path / "missing"))
    assert playback.directory_of_large_files() is None
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert playback.directory_of_large_files() is None
