"""Playback copies of parts, joined, against copies made in one piece."""

import io
from dataclasses import replace

import numpy as np
import pytest

from common.audio.decoding import decode
from common.audio.playback import PlaybackError, PlaybackRecorder, signals_of_copy
from common.audio.playback_joining import PartCopy, join_copies
from common.audio.playback_parts import PART_TYPE, Core
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource, Sound, Span, sound_of
from tests.unit.common.audio.sounds import float_wav, noise
from tests.unit.common.audio.test_playback import recording

MARGIN = 4


def recorded(sounds: list[AudioSource], core: Core | None = None) -> tuple[bytes, bytes, float]:
    """Return the copy, the peaks and the length in seconds."""
    with PlaybackRecorder(len(sounds), core) as recorder:
        for sound in recorder.listening(sounds):
            list(decode(sound))
        files = recorder.finish()
        assert (files.content_type == PART_TYPE) is (core is not None)
        files.copy.seek(0)
        files.peaks.seek(0)
        return files.copy.read(), files.peaks.read(), files.samples / SAMPLE_RATE


def part(sounds: list[AudioSource], start: int, end: int | None) -> PartCopy:
    """Return the copy of a part, recorded with its margins."""
    first = max(0, start - MARGIN)
    span = Span(start=first, end=None if end is None else end + MARGIN)
    core = Core(
        first=(start - first) * SAMPLE_RATE,
        length=None if end is None else (end - start) * SAMPLE_RATE,
    )
    copy, peaks, seconds = recorded([replace(sound_of(one), span=span) for one in sounds], core)
    return PartCopy(start=start, seconds=seconds, copy=io.BytesIO(copy), peaks=io.BytesIO(peaks))


def joined(parts: list[PartCopy | None]) -> tuple[bytes, bytes]:
    copy, peaks = io.BytesIO(), io.BytesIO()
    files = join_copies(parts, copy=copy, peaks=peaks)
    assert (files.copy_bytes, files.peaks_bytes) == (len(copy.getvalue()), len(peaks.getvalue()))
    return copy.getvalue(), peaks.getvalue()


def heard(copy: bytes, channels: int) -> list[Samples]:
    return [
        np.concatenate(list(decode(Sound(file=io.BytesIO(copy), signal=signal))))
        for signal in signals_of_copy(channels)
    ]


@pytest.mark.parametrize("parties", [1, 2, 5])
def test_joined_copy_is_that_of_the_whole(parties: int) -> None:
    sounds = recording(parties, 31.037)
    copy, peaks, _ = recorded(sounds)
    found, found_peaks = joined([part(sounds, 0, 10), part(sounds, 10, 21), part(sounds, 21, None)])
    assert found_peaks == peaks
    for whole, again in zip(heard(copy, parties), heard(found, parties), strict=True):
        assert len(again) == len(whole)
        assert np.corrcoef(again, whole)[0, 1] >= 0.99


def test_seams_cannot_be_heard() -> None:
    sounds: list[AudioSource] = [io.BytesIO(float_wav(noise(21.0, SAMPLE_RATE)))]
    (whole,) = heard(recorded(sounds)[0], 1)
    (again,) = heard(
        joined([part(sounds, 0, 9), part(sounds, 9, 16), part(sounds, 16, None)])[0], 1
    )
    for seam in (9, 16):
        near = slice(seam * SAMPLE_RATE - 800, seam * SAMPLE_RATE + 800)
        assert np.corrcoef(again[near], whole[near])[0, 1] >= 0.99


@pytest.mark.parametrize("seconds", [12.0, 12.5, 10.0, 9.7])
def test_last_part_may_lie_after_the_end(seconds: float) -> None:
    sounds = recording(2, seconds)
    copy, peaks, _ = recorded(sounds)
    found, found_peaks = joined([part(sounds, 0, 5), part(sounds, 5, 10), part(sounds, 10, None)])
    assert found_peaks == peaks
    assert [len(one) for one in heard(found, 2)] == [len(one) for one in heard(copy, 2)]


def test_sources_may_be_chunks() -> None:
    sounds = recording(2, 9.0)

    def parts(size: int) -> list[PartCopy | None]:
        return [
            PartCopy(
                start=one.start,
                seconds=one.seconds,
                copy=iter(lambda file=one.copy: file.read(size), b""),  # type: ignore[misc]
                peaks=iter(lambda file=one.peaks: file.read(size), b""),  # type: ignore[misc]
            )
            for one in (part(sounds, 0, 4), part(sounds, 4, None))
        ]

    assert joined(parts(7)) == joined(parts(100_000))


def test_missing_or_damaged_part_makes_no_copy() -> None:
    sounds = recording(1, 9.0)
    first, last = part(sounds, 0, 4), part(sounds, 4, None)
    with pytest.raises(PlaybackError, match="no copy"):
        joined([first, None])
    assert isinstance(last.copy, io.BytesIO)
    broken = replace(last, copy=io.BytesIO(last.copy.getvalue()[:-5]))
    with pytest.raises(PlaybackError, match="breaks off"):
        joined([first, broken])
