import json

import numpy as np
import pytest

from common.audio.evidence import Evidence, Excerpts
from common.audio.resampling import Samples
from tests.unit.common.audio.voices import RATE, noise, taking_turns, voice


def measured(sounds: Samples, *tracks: int, complete: bool = True) -> Evidence:
    excerpts = Excerpts(len(sounds), tracks=tracks)
    excerpts.add(sounds)
    return excerpts.finish(complete=complete)


def test_json_holds_everything() -> None:
    sounds = np.stack([*taking_turns(10, seed=1), noise(10, -40, seed=1)])
    evidence = measured(sounds, complete=False)
    text = json.dumps(evidence.to_json())
    assert Evidence.from_json(json.loads(text)) == evidence
    assert not evidence.complete


def test_json_of_two_channels_is_short_and_that_of_64_bounded() -> None:
    stereo = measured(taking_turns(10, seed=1))
    many = measured(np.stack([noise(1, -40, seed=seed) for seed in range(64)]), 64)
    assert len(json.dumps(stereo.to_json())) < 1_000
    assert len(json.dumps(many.to_json())) < 300_000


@pytest.mark.parametrize("size", [100, 511, 512, 7_000, 100_000])
def test_size_of_blocks_does_not_matter(size: int) -> None:
    sounds = taking_turns(10, seed=2)
    excerpts = Excerpts(2)
    for start in range(0, sounds.shape[1], size):
        excerpts.add(sounds[:, start : start + size])
    pieces, whole = excerpts.finish(), measured(sounds)
    assert pieces.seconds == whole.seconds
    assert pieces.pairs[0].apart == whole.pairs[0].apart
    assert pieces.pairs[0].similarity == whole.pairs[0].similarity


def test_pairs_are_found_in_any_order() -> None:
    evidence = measured(np.stack([noise(2, -40, seed=seed) for seed in range(5)]))
    for one in range(5):
        for other in range(one + 1, 5):
            pair = evidence.pair(one, other)
            assert (pair.one, pair.other) == (one, other)
            assert evidence.pair(other, one) is pair


def test_pairs_of_very_many_channels_are_neutral() -> None:
    evidence = measured(np.stack([voice(1, seed=1)] * 65), 65)
    assert evidence.pairs == ()
    assert evidence.pair(4, 3).similarity == 0.0
    assert Evidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_level_activity_and_dynamics() -> None:
    speech = voice(20, seed=3, turns=[(0, 10)])
    silence = np.zeros_like(speech)
    hiss = noise(20, -30, seed=3)
    spoken, silent, steady = measured(np.stack([speech, silence, hiss])).channels
    assert -30 < spoken.level < 0
    assert silent.level == -200
    assert steady.level == pytest.approx(-30, abs=2)
    assert 5 < spoken.active < 11
    assert silent.active == 0.0
    assert steady.dynamics < 5 < spoken.dynamics


def test_voice_in_noise_of_its_level_is_not_steady() -> None:
    speech = voice(20, seed=4)
    level = 10 * np.log10(np.mean(speech**2))
    (channel,) = measured((speech + noise(20, level, seed=4))[None]).channels
    assert channel.dynamics > 5


def test_share_of_low_frequencies() -> None:
    times = np.arange(5 * RATE) / RATE
    rumble = 0.2 * np.sin(2 * np.pi * 60 * times, dtype=np.float32)
    low, speech = measured(np.stack([rumble, voice(5, seed=5)])).channels
    assert low.low > 0.99
    assert speech.low < 0.7


def test_polarity_is_that_of_the_voice_and_not_of_the_hum() -> None:
    speech = voice(20, seed=6)
    hum = 2 * noise(20, 10 * np.log10(np.mean(speech**2)), seed=6)
    pair = measured(np.stack([speech + hum, speech - hum])).pairs[0]
    assert pair.correlation > 0.5
    assert measured(np.stack([speech, -0.1 * speech])).pairs[0].correlation < -0.99


def test_opposed_voices_are_noticed() -> None:
    one, two = taking_turns(20, seed=7)
    assert measured(np.stack([one + two, one - two])).pairs[0].opposed > 0.2
    assert measured(np.stack([one + two, one + 0.5 * two])).pairs[0].opposed == 0.0


def test_sum_of_other_tracks_is_found() -> None:
    one, two = taking_turns(20, seed=8)
    three = voice(20, seed=9)
    total = one + two
    channels = measured(np.stack([total, total, one, one, two]), 2, 2, 1).channels
    assert [bool(channel.sum_of) for channel in channels] == [True, True, False, False, False]
    assert set(channels[0].sum_of) & {2, 3}
    assert 4 in channels[0].sum_of
    with_more = measured(np.stack([total + three, one, two]), 1, 1, 1)
    assert with_more.channels[0].sum_of == ()


def test_channel_of_the_same_track_is_no_source_of_a_sum() -> None:
    one, two = taking_turns(20, seed=10)
    assert measured(np.stack([one + two, one, two]), 3).channels[0].sum_of == ()


def test_copy_in_another_channel_is_found_with_other_sound_and_without() -> None:
    one, two = taking_turns(20, seed=11)
    pair = measured(np.stack([one, one + two])).pairs[0]
    assert pair.copied[0] > 0.97
    assert pair.copied[1] == 0.0
    assert measured(np.stack([one, 0.2 * one + two])).pairs[0].copied == (0.0, 0.0)


def test_delay_does_not_make_parties() -> None:
    speech = voice(20, seed=12)
    late = np.concatenate([np.zeros(RATE // 4, dtype=np.float32), speech[: -RATE // 4]])
    pair = measured(np.stack([speech, late])).pairs[0]
    assert pair.similarity > 0.9
    assert pair.apart < 0.1


def test_sound_beyond_the_limit_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.audio.evidence._MOST_CHANNEL_SECONDS", 8)
    excerpts = Excerpts(2)
    for _ in range(3):
        excerpts.add(taking_turns(3, seed=13))
    evidence = excerpts.finish()
    assert evidence.seconds == 4.0
    assert not evidence.complete


def test_nothing_is_silence() -> None:
    evidence = Excerpts(2).finish()
    assert [channel.level for channel in evidence.channels] == [-200, -200]
    assert evidence.pairs[0].alone == (0.0, 0.0)


def test_tracks_must_have_all_channels() -> None:
    with pytest.raises(ValueError, match="add up"):
        Excerpts(3, tracks=[2])
