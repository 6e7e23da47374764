"""Every file of the corpus: its channel plan in each mode, and the clock of every signal."""

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import ChannelMode
from tests.recordings import reading
from tests.recordings.case import Case, Heard
from tests.recordings.corpus import CASES
from tests.recordings.speech import DIANE, SHEILA, find

#: Words may begin this much earlier or later than they were spoken, in seconds: less than a
#: syllable, and more than the padding of encoders.
_CLOCK = 0.1
#: Two voices at once are half of the sound each. A voice that is not there is alike by 0.1.
_ALIKE = 0.4
#: Factor to its own level from which on a voice is more than a whisper of another channel.
_AUDIBLE = 0.26


@pytest.mark.parametrize("mode", ChannelMode)
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_voice_is_in_its_signal_at_its_time(case: Case, mode: ChannelMode) -> None:
    plan = reading.planned(case.name, mode)
    expected = case.heard(mode)
    if mode is ChannelMode.AUTO:
        assert plan.decided is case.decided, plan.reason
    assert len(plan.signals) == len(expected), plan.reason
    sounds = [reading.signal_of(case.name, planned.signal) for planned in plan.signals]
    for sound, heard in zip(sounds, expected, strict=True):
        _assert_heard(sound, heard)
    longest = max(len(sound) for sound in sounds) / SAMPLE_RATE
    assert longest == pytest.approx(case.length, abs=case.length_tolerance)
    if case.titles and len(expected) > 1:
        assert tuple(planned.signal.title for planned in plan.signals) == case.titles


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
