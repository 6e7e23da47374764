"""Channel plans as values of rows."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal, SignalPart
from transcriber.store.channel_plans import plan_of, plan_to_json

GAINS = st.lists(st.floats(-1, 1), min_size=1, max_size=8).map(tuple)
PARTS = st.builds(SignalPart, track=st.integers(0, 30), gains=GAINS)
SIGNALS = st.builds(Signal, parts=st.lists(PARTS, max_size=3).map(tuple), title=st.text())
PLANS = st.builds(
    ChannelPlan,
    requested=st.sampled_from(ChannelMode),
    decided=st.sampled_from([ChannelMode.MIX, ChannelMode.SEPARATE]),
    reason=st.text(),
    signals=st.lists(
        st.builds(PlannedSignal, signal=SIGNALS, description=st.text()), max_size=3
    ).map(tuple),
)


@given(PLANS)
def test_plans_are_read_as_they_were_stored(plan: ChannelPlan) -> None:
    value = plan_to_json(plan)
    assert value is not None
    assert plan_of(json.loads(json.dumps(value.obj))) == plan


def test_no_plan_stays_none() -> None:
    assert plan_to_json(None) is None
    assert plan_of(None) is None
