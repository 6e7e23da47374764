"""Channels of a recording in responses."""

from typing import Literal, Self

from pydantic import Field

from gateway.channel_modes import MODES, ChannelWord, Mode
from gateway.web.envelope import ApiModel
from securetranscribe.v1 import transcription_pb2

DecidedWord = Literal["mix", "separate"]
_WORDS: dict[Mode, ChannelWord] = {
    transcription_pb2.CHANNEL_MODE_UNSPECIFIED: "auto",
    **{mode: word for word, mode in MODES.items()},
}
_DECIDED: dict[Mode, DecidedWord] = {
    transcription_pb2.CHANNEL_MODE_MIX: "mix",
    transcription_pb2.CHANNEL_MODE_SEPARATE: "separate",
}


class ChannelData(ApiModel):
    """A channel: sound that is recognized by itself."""

    number: int = Field(description="Counts from 1.")
    title: str | None = Field(description="Title of the track in the file, null without one.")
    description: str = Field(examples=["left channel"])


class ChannelsData(ApiModel):
    """How the tracks and channels of a recording are recognized."""

    requested: ChannelWord
    decided: DecidedWord | None = Field(
        description="`separate` if each channel is recognized by itself, or `mix`. "
        "Null if the channels were not measured."
    )
    reason: str = Field(description="Reason for the decision, in a sentence.")
    channels: list[ChannelData] = Field(description="A mix has one.")

    @classmethod
    def of(cls, plan: transcription_pb2.ChannelPlan) -> Self:
        """Convert the plan of a transcription."""
        return cls(
            requested=_WORDS[plan.requested],
            decided=_DECIDED.get(plan.decided),
            reason=plan.reason,
            channels=[
                ChannelData(
                    number=channel.number,
                    title=channel.title or None,
                    description=channel.description,
                )
                for channel in plan.channels
            ],
        )
