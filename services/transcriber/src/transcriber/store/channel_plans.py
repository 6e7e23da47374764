"""Channel plans as JSON values of rows."""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from common.audio.signals import (
    ChannelMode,
    ChannelPlan,
    PlannedSignal,
    Signal,
    SignalPart,
    dump_signals,
)


def plan_to_json(plan: ChannelPlan | None) -> Jsonb | None:
    """Return a plan as a value of a row. None stays None."""
    if plan is None:
        return None
    return Jsonb(
        {
            "requested": plan.requested.value,
            "decided": plan.decided.value,
            "reason": plan.reason,
            "signals": dump_signals([planned.signal for planned in plan.signals]),
            "descriptions": [planned.description for planned in plan.signals],
        }
    )


def plan_of(stored: Mapping[str, Any] | None) -> ChannelPlan | None:
    """Return a plan from the value of a row. None stays None."""
    if stored is None:
        return None
    return ChannelPlan(
        requested=ChannelMode(stored["requested"]),
        decided=ChannelMode(stored["decided"]),
        reason=stored["reason"],
        signals=tuple(
            PlannedSignal(signal=_signal(signal), description=description)
            for signal, description in zip(stored["signals"], stored["descriptions"], strict=True)
        ),
    )


def _signal(stored: Mapping[str, Any]) -> Signal:
    return Signal(
        title=stored["title"],
        parts=tuple(
            SignalPart(track=part["track"], gains=tuple(part["gains"])) for part in stored["parts"]
        ),
    )
