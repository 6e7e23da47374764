"""Server-sent events of a call, as its results arrive."""

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

from common import times, writing_systems
from gateway.openai import answers
from gateway.openai.calls import AudioCall, AudioCalls, Transcript
from securetranscribe.v1 import transcription_pb2

#: A word of the finished transcript may begin this much before the end of text sent earlier.
_SLACK_SECONDS = 0.05
#: Type of the last event.
DONE = "transcript.text.done"


def encoded(event: dict[str, Any]) -> bytes:
    """Return an event as it is sent."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


async def events(calls: AudioCalls, call: AudioCall) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the text of a long recording while it is processed, and its rest at the end.

    The last event has the whole text. It may differ from the text sent before: words at the borders
    of passages are decided only at the end.
    """
    sent = _Sent()
    async for state in calls.watch(call):
        for segment in sent.new(state.partial_transcript):
            yield _delta(sent.joined(segment.text))
    transcript = await calls.transcript(call)
    for event in _rest(transcript, call, sent):
        yield event
    yield _done(transcript, call)


class _Sent:
    """The text sent so far, with its times in seconds of the recording."""

    def __init__(self) -> None:
        self._until = 0.0
        self._ends: defaultdict[int, float] = defaultdict(float)
        self._last = ""

    def new(
        self, partial: transcription_pb2.PartialTranscript
    ) -> Iterator[transcription_pb2.PartialSegment]:
        """Yield the segments not sent yet. A repeated watch begins with all of them.

        A segment belongs to the part of the recording in which it begins. It may end in the next
        part, where the segments of other channels begin earlier than that.
        """
        until = self._until
        self._until = max(until, times.seconds(partial.covered))
        for segment in partial.segments:
            if times.seconds(segment.start) >= until:
                channel = segment.channel
                self._ends[channel] = max(self._ends[channel], times.seconds(segment.end))
                yield segment

    def end(self, channel: int) -> float:
        """Return the end of the text sent of a channel, 0 if there is none."""
        return self._ends[channel]

    def joined(self, text: str) -> str:
        """Return a text with the space, if any, between it and the text before."""
        before, self._last = self._last, text
        if not before:
            return text
        return writing_systems.joined([before, text])[len(before) :]


def _rest(transcript: Transcript, call: AudioCall, sent: _Sent) -> Iterator[dict[str, Any]]:
    """Yield the segments behind the text sent before, and those with speakers all."""
    parameters = call.parameters
    names = answers.speaker_names(transcript)
    for segment in transcript.segments:
        end = sent.end(segment.channel)
        words = _behind(segment, end)
        if words or (not segment.words and times.seconds(segment.start) >= end):
            text = writing_systems.joined(word.text for word in words) or segment.text
            found = [transcription_pb2.Segment(words=words)] if parameters.logprobs else []
            yield _delta(sent.joined(text), found)
        if parameters.response_format == "diarized_json":
            yield answers.diarized_segment(segment, names)


def _behind(segment: transcription_pb2.Segment, end: float) -> list[transcription_pb2.Word]:
    least = end - _SLACK_SECONDS if end else 0.0
    return [word for word in segment.words if times.seconds(word.start) >= least]


def _delta(text: str, found: Sequence[transcription_pb2.Segment] = ()) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "transcript.text.delta", "delta": text}
    if found:
        event["logprobs"] = answers.logprobs(found)
    return event


def _done(transcript: Transcript, call: AudioCall) -> dict[str, Any]:
    event: dict[str, Any] = {
        "type": DONE,
        "text": answers.text_of(transcript.segments),
        "languages": answers.detected(transcript),
        "usage": answers.usage(transcript),
    }
    if call.parameters.logprobs:
        event["logprobs"] = answers.logprobs(transcript.segments)
    return event
