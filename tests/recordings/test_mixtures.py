"""Property: for any mixture of channels of one voice, its channel plans yield its words."""

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.audio.channel_plan import plan
from common.audio.decoding import decode
from common.audio.resampling import NOTHING, SAMPLE_RATE, Samples
from common.audio.signals import ChannelMode, ChannelPlan, Sound
from common.audio.survey import survey
from tests.recordings.layouts import copies
from tests.recordings.recognition import recognized
from tests.recordings.riff import floats, wav
from tests.recordings.speech import DIANE, MARGIN, find, share_of_words

if TYPE_CHECKING:
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine

#: The voice on at least one channel, 26 dB below its own level or more.
_Gains = list[float]
_GAINS = st.lists(
    st.one_of(
        st.sampled_from([0.0, 1.0, -1.0]), st.floats(min_value=-1.0, max_value=1.0, width=32)
    ),
    min_size=1,
    max_size=12,
).filter(lambda gains: max(abs(gain) for gain in gains) >= 0.05)


def _recording(gains: _Gains) -> bytes:
    """Return a WAV file with one channel per gain."""
    data = floats(copies(*gains))
    return wav(data, SAMPLE_RATE, channels=len(gains), bits=32, floating=True)


def _plan(content: bytes, mode: ChannelMode) -> ChannelPlan:
    found = survey(io.BytesIO(content))
    return plan(found.tracks, found.evidence, mode)


def _signals(content: bytes, mode: ChannelMode) -> list[Samples]:
    sounds = [
        Sound(file=io.BytesIO(content), signal=planned.signal)
        for planned in _plan(content, mode).signals
    ]
    return [np.concatenate([NOTHING, *decode(sound)]) for sound in sounds]


@settings(max_examples=40)
@given(gains=_GAINS, mode=st.sampled_from(ChannelMode))
@example(gains=[1.0, -1.0], mode=ChannelMode.MIX)
@example(gains=[0.5, -1.0, 0.5], mode=ChannelMode.MIX)
@example(gains=[0.0] * 8 + [0.05], mode=ChannelMode.AUTO)
@example(gains=[1.0, -1.0] * 6, mode=ChannelMode.AUTO)
def test_one_voice_is_one_signal_that_does_not_cancel(gains: _Gains, mode: ChannelMode) -> None:
    (sound,) = _signals(_recording(gains), mode)
    match = find(DIANE, sound)
    assert match.likeness > 0.99
    assert match.first_word == pytest.approx(MARGIN, abs=0.01)
    assert match.gain > 0.9 * float(np.abs(gains).mean())


@pytest.mark.parametrize(
    "gains", [[0.4, -0.4], [0.0, 0.0, -0.3], [0.5, -0.5, 0.5, 0.0, -0.2, 0.1, -1.0]], ids=str
)
def test_words_of_a_mixture_are_recognized(gains: _Gains, engine: "FasterWhisperEngine") -> None:
    content = _recording(gains)
    (planned,) = _plan(content, ChannelMode.AUTO).signals
    words = recognized(engine, Sound(file=io.BytesIO(content), signal=planned.signal))
    assert share_of_words(DIANE.words, " ".join(word for _, word in words)) > 0.9
