from collections.abc import Sequence

import numpy as np
import pytest

from common.audio.channel_plan import plan
from common.audio.evidence import Evidence, Excerpts
from common.audio.resampling import Samples
from common.audio.signals import ChannelMode, ChannelPlan, SignalPart
from common.audio.tracks import Track
from tests.unit.common.audio.voices import RATE, noise, taking_turns, voice

AUTO, MIX, SEPARATE = ChannelMode.AUTO, ChannelMode.MIX, ChannelMode.SEPARATE
SILENCE = np.zeros(20 * RATE, dtype=np.float32)


def measured(tracks: Sequence[Track], sounds: Samples, *, complete: bool = True) -> Evidence:
    excerpts = Excerpts(len(sounds), tracks=[t.channels for t in tracks if t.decodes])
    excerpts.add(sounds.astype(np.float32))
    return excerpts.finish(complete=complete)


def planned(
    tracks: Sequence[Track], *sounds: Samples, mode: ChannelMode = AUTO, complete: bool = True
) -> ChannelPlan:
    return plan(tracks, measured(tracks, np.stack(sounds), complete=complete), mode)


def one_track(channels: int, *, lfe: tuple[int, ...] = (), title: str = "") -> list[Track]:
    return [Track(index=0, channels=channels, lfe=lfe, title=title)]


def gains(result: ChannelPlan) -> list[tuple[tuple[int, tuple[float, ...]], ...]]:
    return [
        tuple((part.track, part.gains) for part in each.signal.parts) for each in result.signals
    ]


def descriptions(result: ChannelPlan) -> list[str]:
    return [each.description for each in result.signals]


@pytest.fixture(scope="module")
def party() -> tuple[Samples, Samples]:
    one, two = taking_turns(20, seed=20)
    return one, two


# One track


@pytest.mark.parametrize("mode", list(ChannelMode))
def test_mono_is_one_signal(mode: ChannelMode) -> None:
    result = planned(one_track(1), voice(10, seed=1), mode=mode)
    assert result.requested is mode
    assert result.decided is MIX
    assert result.reason == "The recording has one channel."
    assert gains(result) == [((0, (1.0,)),)]
    assert descriptions(result) == ["the only channel"]


@pytest.mark.parametrize("bleed", [0.0, 0.01, 0.1, 0.2])
def test_party_per_channel_is_separated(party: tuple[Samples, Samples], bleed: float) -> None:
    one, two = party
    result = planned(one_track(2), one + bleed * two, two + bleed * one)
    assert result.decided is SEPARATE
    assert gains(result) == [((0, (1.0, 0.0)),), ((0, (0.0, 1.0)),)]
    assert descriptions(result) == ["left channel", "right channel"]
    assert result.reason.startswith("Each of the two channels holds a party of its own: in ")


def test_parties_who_talk_at_once_are_separated() -> None:
    assert planned(one_track(2), voice(8, seed=2), voice(8, seed=3)).decided is SEPARATE


def test_quiet_party_who_says_little_is_separated() -> None:
    long = voice(20, seed=4, turns=[(0, 13), (15, 20)])
    short = 0.1 * voice(20, seed=5, turns=[(13.2, 14.8)])
    assert planned(one_track(2), long + 0.05 * short, short + 0.02 * long).decided is SEPARATE


def test_party_who_says_little_among_bleed_is_separated() -> None:
    long = voice(60, seed=23, turns=[(0, 30), (33, 60)])
    short = voice(60, seed=24, turns=[(30.5, 32.5)])
    assert planned(one_track(2), long + 0.2 * short, short + 0.2 * long).decided is SEPARATE


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.01, -0.3])
def test_dual_mono_is_mixed(factor: float) -> None:
    speech = sum(taking_turns(20, seed=6))
    left = speech + noise(20, -50, seed=1)
    right = factor * (speech + noise(20, -50, seed=2))
    sign = 0.5 if factor > 0 else -0.5
    for mode in ChannelMode:
        result = planned(one_track(2), left, right, mode=mode)
        assert result.decided is MIX
        assert gains(result) == [((0, (0.5, sign)),)]
        assert descriptions(result) == ["both channels"]
    assert planned(one_track(2), left, right).reason.startswith("All channels hold the same sound")


def test_stereo_of_a_room_is_mixed_unless_separation_is_requested(
    party: tuple[Samples, Samples],
) -> None:
    one, two = party
    sides = one + 0.4 * two, two + 0.4 * one
    result = planned(one_track(2), *sides)
    assert result.decided is MIX
    assert result.reason.startswith("The channels belong together: one is clearly heard alone in")
    result = planned(one_track(2), *sides, mode=SEPARATE)
    assert result.decided is SEPARATE
    assert result.reason == "Channels are separated, as requested."


@pytest.mark.parametrize("both", [False, True])
def test_dropouts_do_not_make_parties(both: bool) -> None:
    speech = sum(taking_turns(40, seed=25))
    sides = np.stack([speech, speech])
    for start in (3, 11, 24, 33):
        sides[0, start * RATE : (start + 2) * RATE] = 0
        if both:
            sides[1, (start + 4) * RATE : (start + 6) * RATE] = 0
    assert planned(one_track(2), *sides).decided is MIX


def test_knocks_on_one_microphone_do_not_make_a_party(party: tuple[Samples, Samples]) -> None:
    one, two = party
    left, right = one + 0.6 * two, two + 0.6 * one
    for start in (2, 7, 12, 17):
        left[start * RATE : start * RATE + RATE // 3] += noise(1 / 3, -12, seed=start)[: RATE // 3]
    assert planned(one_track(2), left, right).decided is MIX


def test_mix_is_mixed_whatever_is_measured(party: tuple[Samples, Samples]) -> None:
    result = planned(one_track(2), *party, mode=MIX)
    assert result.decided is MIX
    assert result.reason == "All channels are mixed, as requested."
    assert gains(result) == [((0, (0.5, 0.5)),)]


def test_channels_of_the_same_sound_are_one_signal_when_separated(
    party: tuple[Samples, Samples],
) -> None:
    one, two = party
    for mode in (AUTO, SEPARATE):
        result = planned(one_track(3), one, two, 0.5 * one, mode=mode)
        assert gains(result) == [((0, (0.5, 0.0, 0.5)),), ((0, (0.0, 1.0, 0.0)),)]
        assert descriptions(result) == ["channels 1 and 3", "channel 2"]


def test_silent_channel_is_left_out() -> None:
    result = planned(one_track(2), SILENCE, voice(20, seed=7))
    assert gains(result) == [((0, (0.0, 1.0)),)]
    assert descriptions(result) == ["right channel"]
    assert result.reason == (
        "Only the right channel is used. The left channel is silent and left out."
    )


def test_many_silent_channels_are_counted() -> None:
    result = planned(one_track(10), *[SILENCE] * 8, *taking_turns(20, seed=8))
    assert "8 channels are silent and left out." in result.reason
    assert descriptions(result) == ["channel 9", "channel 10"]


def test_steady_noise_is_left_out() -> None:
    result = planned(one_track(2), voice(20, seed=9), noise(20, -30, seed=1))
    assert gains(result) == [((0, (1.0, 0.0)),)]
    assert result.reason.endswith("The right channel is steady noise and left out.")


def test_nothing_but_noise_is_mixed() -> None:
    result = planned(one_track(2), noise(20, -30, seed=1), noise(20, -30, seed=2))
    assert gains(result) == [((0, (0.5, 0.5)),)]


@pytest.mark.parametrize("mode", list(ChannelMode))
def test_silence_is_the_mix_of_the_default_track(mode: ChannelMode) -> None:
    tracks = [Track(index=1, channels=1), Track(index=2, channels=2, default=True)]
    result = planned(tracks, SILENCE, SILENCE, SILENCE, mode=mode)
    assert result.decided is MIX
    assert gains(result) == [((2, (0.5, 0.5)),)]
    assert result.reason.startswith("No channel has sound.")


def test_channel_that_is_silent_in_excerpts_is_heard_nevertheless(
    party: tuple[Samples, Samples],
) -> None:
    one, two = party
    result = planned(one_track(2), SILENCE, one, complete=False)
    assert gains(result) == [((0, (1.0, 1.0)),)]
    assert "left out" not in result.reason
    result = planned(one_track(3), one, SILENCE, two, complete=False)
    assert gains(result) == [((0, (1.0, 1.0, 0.0)),), ((0, (0.0, 0.0, 1.0)),)]
    result = planned(one_track(2), SILENCE, one, mode=SEPARATE, complete=False)
    assert gains(result) == [((0, (1.0, 0.0)),), ((0, (0.0, 1.0)),)]


def test_low_frequency_channel_of_a_film_is_left_out() -> None:
    times = np.arange(20 * RATE) / RATE
    rumble = 0.3 * np.sin(2 * np.pi * 50 * times, dtype=np.float32) * (1 + np.sin(times)) / 2
    left, center, right = voice(20, seed=10), voice(20, seed=11), voice(20, seed=12)
    result = planned(one_track(4, lfe=(3,)), left, right, center, rumble)
    assert result.decided is MIX
    assert gains(result) == [((0, (0.333333, 0.333333, 0.333333, 0.0)),)]
    assert result.reason == "The channels are surround sound, as the low-frequency channel shows."


def test_silent_low_frequency_channel_tells_a_film(party: tuple[Samples, Samples]) -> None:
    result = planned(one_track(3, lfe=(2,)), *party, SILENCE)
    assert gains(result) == [((0, (0.5, 0.5, 0.0)),)]
    assert result.reason == "The channels are surround sound, as the low-frequency channel shows."


def test_microphone_that_is_named_low_frequency_counts() -> None:
    result = planned(one_track(4, lfe=(3,)), *taking_turns(24, seed=13, people=4))
    assert descriptions(result) == ["channel 1", "channel 2", "channel 3", "channel 4"]
    assert result.reason.startswith("Each of the 4 channels holds a party of its own: it is at")


def test_more_channels_than_can_be_compared_are_mixed_or_separated_as_requested() -> None:
    tracks = one_track(65)
    evidence = measured(tracks, np.stack([voice(2, seed=22)] * 65))
    for mode, count in ((AUTO, 1), (MIX, 1), (SEPARATE, 65)):
        assert len(plan(tracks, evidence, mode).signals) == count
    assert "not compared" in plan(tracks, evidence, AUTO).reason


# Several tracks


def two_tracks(*, languages: tuple[str, str] = ("", ""), channels: int = 1) -> list[Track]:
    return [
        Track(index=1, channels=channels, language=languages[0], title="Microphone"),
        Track(index=2, channels=channels, language=languages[1], default=True),
    ]


def test_tracks_are_parties_with_their_titles(party: tuple[Samples, Samples]) -> None:
    result = planned(two_tracks(), *party)
    assert result.decided is SEPARATE
    assert gains(result) == [((1, (1.0,)),), ((2, (1.0,)),)]
    assert [each.signal.title for each in result.signals] == ["Microphone", ""]
    assert descriptions(result) == ["track 1 (Microphone)", "track 2"]
    assert result.reason.startswith("Each of the two tracks holds a party of its own")


def test_mix_has_parts_of_all_tracks(party: tuple[Samples, Samples]) -> None:
    result = planned(two_tracks(), *party, mode=MIX)
    assert gains(result) == [((1, (0.5,)), (2, (0.5,)))]
    assert descriptions(result) == ["tracks 1 and 2"]
    assert result.signals[0].signal.title == ""


@pytest.mark.parametrize("mode", [AUTO, SEPARATE])
def test_stereo_track_among_several_is_one_signal(
    party: tuple[Samples, Samples], mode: ChannelMode
) -> None:
    one, two = party
    other = voice(20, seed=14)
    tracks = two_tracks(channels=2)
    result = planned(tracks, one + 0.4 * two, two + 0.4 * one, other, other, mode=mode)
    assert gains(result) == [((1, (0.5, 0.5)),), ((2, (0.5, 0.5)),)]
    assert [each.signal.title for each in result.signals] == ["Microphone", ""]


def test_parties_of_one_track_do_not_share_its_title() -> None:
    result = planned(two_tracks(channels=2), *taking_turns(24, seed=15, people=4))
    assert [each.signal.title for each in result.signals] == [""] * 4
    assert descriptions(result)[0] == "left channel of track 1 (Microphone)"
    assert result.reason.startswith("Each of the 4 channels")


def test_only_the_default_track_counts_among_languages(party: tuple[Samples, Samples]) -> None:
    for mode in ChannelMode:
        result = planned(two_tracks(languages=("deu", "fra")), *party, mode=mode)
        assert gains(result) == [((2, (1.0,)),)]
        assert result.reason == (
            "Only track 2 is used. Track 1 (deu) is another language version and left out."
        )
    same = planned(two_tracks(languages=("deu", "deu")), *party)
    assert len(same.signals) == 2
    same = planned(two_tracks(languages=("ger", "de")), *party)
    assert len(same.signals) == 2
    one_tag = planned(two_tracks(languages=("deu", "")), *party)
    assert len(one_tag.signals) == 2


def test_silent_default_track_gives_way_to_another_language() -> None:
    result = planned(two_tracks(languages=("deu", "fra")), voice(20, seed=16), SILENCE)
    assert gains(result) == [((1, (1.0,)),)]


def test_track_that_does_not_decode_is_left_out() -> None:
    tracks = [Track(index=0, channels=0, decodes=False), Track(index=1, channels=1)]
    result = planned(tracks, voice(20, seed=17))
    assert gains(result) == [((1, (1.0,)),)]
    assert descriptions(result) == ["track 2"]
    assert result.reason.endswith("Track 1 cannot be decoded.")


def test_silent_track_is_left_out() -> None:
    result = planned(two_tracks(channels=2), SILENCE, SILENCE, *[voice(20, seed=18)] * 2)
    assert gains(result) == [((2, (0.5, 0.5)),)]
    assert result.reason.endswith("Track 1 (Microphone) is silent and left out.")


@pytest.mark.parametrize("mode", list(ChannelMode))
def test_sum_of_tracks_is_left_out(party: tuple[Samples, Samples], mode: ChannelMode) -> None:
    one, two = party
    tracks = [Track(index=index, channels=1) for index in range(3)]
    result = planned(tracks, one + two, one, two, mode=mode)
    used = {part.track for each in result.signals for part in each.signal.parts}
    assert used == {1, 2}
    assert len(result.signals) == (1 if mode is MIX else 2)
    assert result.reason.endswith("Track 1 is the sum of tracks 2 and 3 and left out.")


@pytest.mark.parametrize("mode", list(ChannelMode))
def test_track_within_another_one_is_left_out(
    party: tuple[Samples, Samples], mode: ChannelMode
) -> None:
    one, two = party
    result = planned(two_tracks(), one, one + 4 * two, mode=mode)
    assert gains(result) == [((2, (1.0,)),)]
    assert result.reason == "Only track 2 is used. Track 1 is also part of track 2 and left out."


def test_first_of_equal_tracks_is_kept() -> None:
    speech = voice(20, seed=19)
    result = planned(two_tracks(), speech, 0.9 * speech)
    assert gains(result) == [((1, (1.0,)),)]


def test_evidence_must_fit_the_tracks() -> None:
    evidence = measured(one_track(1), SILENCE[None])
    with pytest.raises(ValueError, match="other channels"):
        plan(one_track(2), evidence, AUTO)


def test_plan_of_stored_evidence_is_the_same(party: tuple[Samples, Samples]) -> None:
    evidence = measured(one_track(2), np.stack(party))
    stored = Evidence.from_json(evidence.to_json())
    for mode in ChannelMode:
        assert plan(one_track(2), stored, mode) == plan(one_track(2), evidence, mode)


def test_parts_name_the_stream_of_the_container() -> None:
    tracks = [Track(index=7, channels=1)]
    result = planned(tracks, voice(20, seed=21))
    assert result.signals[0].signal.parts == (SignalPart(track=7, gains=(1.0,)),)
