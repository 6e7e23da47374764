"""Modes of channels by their words in the JSON API."""

from typing import Literal, TypeAlias, get_args

from common.errors import ValidationError
from securetranscribe.v1 import transcription_pb2

ChannelWord = Literal["auto", "mix", "separate"]
Mode: TypeAlias = "transcription_pb2.ChannelMode.ValueType"

CHANNEL_WORDS: tuple[ChannelWord, ...] = get_args(ChannelWord)
MODES: dict[ChannelWord, Mode] = {
    "auto": transcription_pb2.CHANNEL_MODE_AUTO,
    "mix": transcription_pb2.CHANNEL_MODE_MIX,
    "separate": transcription_pb2.CHANNEL_MODE_SEPARATE,
}


def check_mode(text: str) -> ChannelWord:
    """Return the mode named by a text, `auto` for an empty one.

    Raises:
        ValidationError: there is no such mode.
    """
    named = text.lower() or "auto"
    for word in CHANNEL_WORDS:
        if named == word:
            return word
    raise ValidationError.of("channels", "Use auto, mix or separate.")
