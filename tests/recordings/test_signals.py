"""Every file of the corpus: its format and length, its channel plans, and the clock of signals."""

import numpy as np
import pytest

from common.audio.formats import format_of_kind
from common.audio.resampling import SAMPLE_RATE
from common.audio.signals import ChannelMode, Signal
from tests.recordings.case import Heard
from tests.recordings.corpus import CASES
from tests.recordings.reading import Reading
from tests.recordings.speech import DIANE, SHEILA, delay
from transcriber.domain.file_formats import format_of

#: Words may begin this much earlier or later than they were spoken, in seconds: less than a
#: syllable, and more than the padding of encoders.
_CLOCK = 0.1
#: Where sound was cut, seeking may be wrong by one frame of the codec, in seconds.
_SEEKING = 0.035
#: Two voices at once are half of the sound each. A voice that is not there is alike by 0.1.
_ALIKE = 0.4
#: Factor to its own level from which on a voice is more than a whisper of another channel.
_AUDIBLE = 0.26


@pytest.fixture(scope="module", params=CASES.values(), ids=lambda case: case.name)
def reading(request: pytest.FixtureRequest) -> Reading:
    """Return a file, made once for all tests of this module."""
    return Reading(request.param)


def test_file_is_taken_with_its_length(reading: Reading) -> None:
    case, info = reading.case, reading.info
    usual = format_of_kind(info.kind).extensions
    assert case.content in usual
    assert format_of(case.name, info.kind) in usual
    assert info.duration == pytest.approx(case.length, abs=case.length_tolerance)
    assert info.truncated is case.truncated


@pytest.mark.parametrize("mode", ChannelMode)
def test_every_voice_is_in_its_signal_at_its_time(reading: Reading, mode: ChannelMode) -> None:
    case = reading.case
    plan = reading.plan(mode)
    expected = case.heard(mode)
    if mode is ChannelMode.AUTO:
        assert plan.decided is case.decided, plan.reason
    assert len(plan.signals) == len(expected), plan.reason
    for planned, heard in zip(plan.signals, expected, strict=True):
        _assert_heard(reading, planned.signal, heard)
    longest = max(len(reading.samples(one.signal)) for one in plan.signals) / SAMPLE_RATE
    assert longest == pytest.approx(case.length, abs=case.length_tolerance)
    if case.titles and len(expected) > 1:
        assert tuple(planned.signal.title for planned in plan.signals) == case.titles


def test_part_is_read_as_within_the_whole(reading: Reading) -> None:
    for planned, heard in zip(
        reading.plan(ChannelMode.SEPARATE).signals, reading.case.apart, strict=True
    ):
        start = max(0.0, heard[-1].first_word) + 1.0
        part = reading.window(planned.signal, start, start + 1.0)
        whole = reading.samples(planned.signal)[round(start * SAMPLE_RATE) :][:SAMPLE_RATE]
        assert len(part) == SAMPLE_RATE
        late, alike = delay(part, whole)
        assert abs(late) <= _SEEKING
        assert alike > 0.85


def _assert_heard(reading: Reading, signal: Signal, heard: Heard) -> None:
    sound = reading.samples(signal)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max(initial=0.0) <= 1.0
    for said in heard:
        match = reading.find(said.utterance, signal)
        assert match.likeness > _ALIKE, f"{said} is not heard: {match}"
        assert match.first_word == pytest.approx(said.first_word, abs=_CLOCK)
    for utterance in {DIANE, SHEILA} - {said.utterance for said in heard}:
        match = reading.find(utterance, signal)
        assert match.likeness < _ALIKE or match.gain < _AUDIBLE, f"{utterance} is heard: {match}"
