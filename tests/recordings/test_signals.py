"""Every file of the corpus: its channel plan in each mode, and the clock of every signal."""

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import ChannelMode
from tests.recordings.case import Heard
from tests.recordings.corpus import CASES
from tests.recordings.reading import Reading
from tests.recordings.speech import DIANE, SHEILA, delay, find

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


@pytest.mark.parametrize("mode", ChannelMode)
def test_every_voice_is_in_its_signal_at_its_time(reading: Reading, mode: ChannelMode) -> None:
    case = reading.case
    plan = reading.plan(mode)
    expected = case.heard(mode)
    if mode is ChannelMode.AUTO:
        assert plan.decided is case.decided, plan.reason
    assert len(plan.signals) == len(expected), plan.reason
    sounds = [reading.samples(planned.signal) for planned in plan.signals]
    for sound, heard in zip(sounds, expected, strict=True):
        _assert_heard(sound, heard)
    longest = max(len(sound) for sound in sounds) / SAMPLE_RATE
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


def _assert_heard(sound: Samples, heard: Heard) -> None:
    assert np.isfinite(sound).all()
    assert np.abs(sound).max(initial=0.0) <= 1.0
    for said in heard:
        match = find(said.utterance, sound)
        assert match.likeness > _ALIKE, f"{said} is not heard: {match}"
        assert match.first_word == pytest.approx(said.first_word, abs=_CLOCK)
    for utterance in {DIANE, SHEILA} - {said.utterance for said in heard}:
        match = find(utterance, sound)
        assert match.likeness < _ALIKE or match.gain < _AUDIBLE, f"{utterance} is heard: {match}"
