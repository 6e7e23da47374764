"""Ranges and signals of clips."""

import pytest

from common.audio.clips import LONGEST_SECONDS
from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal, SignalPart
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names.clips import LEAST_SECONDS, clip_range, signal_of


def test_longest_clean_turn_is_taken() -> None:
    assert clip_range([(0.0, 2.0), (10.0, 15.0), (20.0, 21.0)]) == (10.0, 15.0)


def test_long_turn_is_cut_to_its_middle() -> None:
    start, end = clip_range([(0.0, 20.0)]) or (0, 0)
    assert end - start == pytest.approx(LONGEST_SECONDS)
    assert start == pytest.approx(20.0 - end)


def test_short_turns_give_no_clip() -> None:
    assert clip_range([]) is None
    assert clip_range([(0.0, LEAST_SECONDS / 2)]) is None


def speaker(channel: int) -> TranscriptSpeaker:
    return TranscriptSpeaker(
        label="Speaker_1",
        segment_count=1,
        total_duration=1.0,
        average_confidence=1.0,
        channel=channel,
    )


def plan(decided: ChannelMode, *signals: Signal) -> ChannelPlan:
    return ChannelPlan(
        requested=ChannelMode.AUTO,
        decided=decided,
        reason="Because.",
        signals=tuple(PlannedSignal(signal=signal, description="") for signal in signals),
    )


def test_clip_is_cut_from_the_speaker_s_channel() -> None:
    left = Signal(parts=(SignalPart(track=0, gains=(1.0, 0.0)),))
    right = Signal(parts=(SignalPart(track=0, gains=(0.0, 1.0)),))
    separate = plan(ChannelMode.SEPARATE, left, right)
    assert [signal_of(separate, speaker(channel)) for channel in (1, 2)] == [left, right]


def test_clip_of_a_mix_is_cut_from_it() -> None:
    both = Signal(parts=(SignalPart(track=0, gains=(0.5, 0.5)),))
    assert signal_of(plan(ChannelMode.MIX, both), speaker(0)) == both
    assert signal_of(None, speaker(0)) == Signal()
