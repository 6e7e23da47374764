"""What jobs read when the recording is not kept any more."""

import pytest

from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal, SignalPart
from common.errors import StateError
from transcriber.recordings.sources import plan_for_copy


def _plan(decided: ChannelMode, *signals: Signal) -> ChannelPlan:
    return ChannelPlan(
        requested=decided,
        decided=decided,
        reason="Two people.",
        signals=tuple(PlannedSignal(signal=signal, description="one") for signal in signals),
    )


LEFT = Signal(parts=(SignalPart(track=1, gains=(1.0, 0.0)),), title="Ada")
RIGHT = Signal(parts=(SignalPart(track=1, gains=(0.0, 1.0)),), title="Bob")


def test_each_signal_has_its_channel_of_the_copy() -> None:
    plan = plan_for_copy(_plan(ChannelMode.SEPARATE, LEFT, RIGHT), 2)
    assert plan is not None
    assert [planned.signal for planned in plan.signals] == [
        Signal(parts=(SignalPart(track=0, gains=(1.0, 0.0)),), title="Ada"),
        Signal(parts=(SignalPart(track=0, gains=(0.0, 1.0)),), title="Bob"),
    ]


def test_channels_of_a_copy_can_be_mixed() -> None:
    plan = plan_for_copy(_plan(ChannelMode.MIX, LEFT), 2)
    assert plan is not None
    (planned,) = plan.signals
    assert planned.signal == Signal(parts=(SignalPart(track=0, gains=(0.5, 0.5)),))


def test_silent_channels_of_a_copy_are_left_out() -> None:
    plan = plan_for_copy(_plan(ChannelMode.SEPARATE, LEFT, RIGHT, LEFT), 3)
    mixed = plan_for_copy(_plan(ChannelMode.MIX, LEFT), 3)
    assert plan is not None
    assert mixed is not None
    assert [planned.signal.parts[0].gains for planned in plan.signals] == [
        (1.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0, 0.0),
        (0.0, 0.0, 1.0, 0.0),
    ]
    assert mixed.signals[0].signal.parts[0].gains == pytest.approx((1 / 3, 1 / 3, 1 / 3, 0.0))


def test_mixed_channels_cannot_be_told_apart() -> None:
    with pytest.raises(StateError, match="mixed"):
        plan_for_copy(_plan(ChannelMode.SEPARATE, LEFT, RIGHT), 1)


def test_recordings_without_a_plan_need_none() -> None:
    assert plan_for_copy(None, 1) is None
