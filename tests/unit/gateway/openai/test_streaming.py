"""Events of calls whose results arrive in parts."""

import itertools
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import pytest

from common import times
from gateway.openai import catalog, streaming
from gateway.openai.calls import AudioCall, AudioCalls, State, Transcript
from gateway.openai.parameters import AudioParameters
from gateway.openai.visitors import Visitor
from securetranscribe.v1 import transcription_pb2
from tests.unit.gateway.openai import transcripts

Said = tuple[str, float, int]
#: Text, beginning and channel. Words take half a second, and the first part covers a minute.
FIRST: Said = ("we talked across the border", 59.0, 1)
SECOND: Said = ("and so did we", 60.5, 2)
THIRD: Said = ("then it went on", 62.0, 1)


class Calls:
    """States and the transcript of one call."""

    def __init__(self, states: Sequence[State], transcript: Transcript) -> None:
        self._states = states
        self._transcript = transcript

    async def watch(self, call: AudioCall) -> AsyncGenerator[State, None]:
        for state in self._states:
            yield state

    async def transcript(self, call: AudioCall) -> Transcript:
        return self._transcript


def state(covered: float, *said: Said) -> State:
    return State(
        partial_transcript=transcription_pb2.PartialTranscript(
            covered=times.duration(covered),
            segments=[
                transcription_pb2.PartialSegment(
                    start=times.duration(start),
                    end=times.duration(start + 0.5 * len(text.split())),
                    text=text,
                    channel=channel,
                )
                for text, start, channel in said
            ],
        )
    )


def spoken(said: Said) -> transcription_pb2.Segment:
    text, start, channel = said
    segment = transcripts.segment(text, start=start, speaker=f"Speaker_{channel}")
    segment.channel = channel
    return segment


async def deltas(states: Sequence[State], *said: Said) -> list[str]:
    call = AudioCall(
        visitor=cast(Visitor, None),
        parameters=AudioParameters(model=catalog.find("whisper-1"), task="transcribe", stream=True),
        transcription_id=1,
        job_id="job",
    )
    calls: Any = Calls(states, transcripts.transcript([spoken(one) for one in said]))
    found = [event async for event in streaming.events(cast(AudioCalls, calls), call)]
    assert found[-1]["text"] == " ".join(text for text, _, _ in said)
    return [event["delta"].strip() for event in found[:-1]]


@pytest.mark.parametrize("shown", range(3))
async def test_channels_at_the_border_of_parts(shown: int) -> None:
    states = [state(60.0, FIRST), state(120.0, SECOND, THIRD)][:shown]
    expected = [text for text, _, _ in (FIRST, SECOND, THIRD)]
    assert await deltas(states, FIRST, SECOND, THIRD) == expected


async def test_repeated_watch() -> None:
    states = [state(60.0, FIRST), state(60.0, FIRST), state(120.0, FIRST, SECOND, THIRD)]
    expected = [text for text, _, _ in (FIRST, SECOND, THIRD)]
    assert await deltas(states, FIRST, SECOND, THIRD) == expected


async def test_no_text_is_sent_twice() -> None:
    """A word that the finished transcript moves by a little is not sent again."""
    moved: Said = (FIRST[0], FIRST[1] + 0.04, FIRST[2])
    for first, second in itertools.product((FIRST, moved), repeat=2):
        assert await deltas([state(60.0, first)], second, THIRD) == [FIRST[0], THIRD[0]]
