"""Sound of final words, gathered for telling voices."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from common.audio.resampling import SAMPLE_RATE, Samples
from common.voices.turns import clean_stretches
from common.voices.values import Turn
from transcriber.worker.live.voices import ENOUGH, MOST, VoiceSounds


def sound(seconds: float, value: float = 0.5) -> Samples:
    return np.full(round(seconds * 16_000), value, np.float32)


def test_short_segments_are_gathered() -> None:
    sounds = VoiceSounds()
    assert sounds.add(3, sound(0.9)) is None
    assert sounds.add(5, sound(0.9)) is None
    found = sounds.add(6, sound(0.5))
    assert found is not None
    assert found.segments == (3, 5, 6)
    assert len(found.samples) == round(2.3 * 16_000)
    assert not found.continues


def test_gathered_speech_is_enough_to_recognize_a_voice() -> None:
    # Two seconds are needed without the margins that voiceprints leave out.
    whole = Turn(start=0.0, end=ENOUGH / SAMPLE_RATE, speaker="")
    ((start, end),) = clean_stretches([whole])[""]
    assert end - start >= 2.0


def test_the_rest_of_an_utterance_continues_it() -> None:
    sounds = VoiceSounds()
    assert sounds.add(0, sound(3.0)) is not None
    assert sounds.add(1, sound(0.4)) is None
    rest = sounds.end()
    assert rest is not None
    assert (rest.segments, rest.continues) == ((1,), True)
    assert sounds.end() is None
    following = sounds.add(2, sound(2.5))
    assert following is not None
    assert not following.continues


@given(st.lists(st.tuples(st.floats(0.1, 40.0), st.booleans()), max_size=20))
def test_every_segment_comes_once_and_in_order(said: list[tuple[float, bool]]) -> None:
    sounds, found = VoiceSounds(), []
    for segment, (seconds, ends) in enumerate(said):
        found.append(sounds.add(segment, sound(seconds)))
        if ends:
            found.append(sounds.end())
    found.append(sounds.end())
    told = [one for one in found if one is not None]
    assert [segment for one in told for segment in one.segments] == list(range(len(said)))
    assert all(len(one.samples) <= MOST for one in told)
    for before, after in itertools.pairwise(told):
        assert not after.continues or len(before.samples) >= ENOUGH
