"""Messages of live sessions are as docs/asyncapi.json has them."""

import base64
import json
from typing import Any

import jsonschema
import pytest

from common import times
from common.errors import StateError
from gateway.live import recognition_messages, recognition_schemas
from securetranscribe.v1 import capture_pb2, live_pb2, speech_pb2
from tests import asyncapi_messages
from tests.unit.gateway.fakes import NOON

_CAPTURE = capture_pb2.Capture(
    capture_id="c1",
    title="Call",
    state=capture_pb2.CAPTURE_STATE_RECEIVING,
    next_chunk=3,
    idle_time=times.timestamp(NOON),
)
_WORD = speech_pb2.RecognizedWord(
    text="Hello.", start=times.duration(0.5), end=times.duration(1), probability=0.9
)
_TEXT = live_pb2.LiveText(segment=1, sequence=2, words=[_WORD], language="en", speaker_label="Ann")
#: Fields of responses, which recorders and followers get alike.
_RESULTS: dict[str, Any] = {
    "draft": live_pb2.LiveText(segment=1),
    "final": _TEXT,
    "speaker": live_pb2.LiveSpeaker(segment=1, sequence=3, speaker_label="Ann"),
    "lag": live_pb2.LiveLag(text=times.duration(1.5)),
    "notice": live_pb2.LiveNotice(code=live_pb2.LIVE_NOTICE_CODE_RECOGNIZERS_BUSY, message="Wait."),
}
_RECORDER: dict[str, Any] = {
    **_RESULTS,
    "begun": live_pb2.LiveBegun(capture=_CAPTURE, transcription_id=7),
    "acknowledged": live_pb2.LiveAcknowledgment(next_chunk=3, missing=[1]),
    "ended": live_pb2.LiveEnded(capture=_CAPTURE),
}
_FOLLOWER: dict[str, Any] = {
    **_RESULTS,
    "begun": live_pb2.LiveBegun(transcription_id=7),
    "ended": live_pb2.LiveEnded(transcription_id=7),
}


@pytest.mark.parametrize("kind", _RECORDER)
def test_messages_to_those_who_record(kind: str) -> None:
    response = live_pb2.LiveServiceStreamingRecognizeResponse(**{kind: _RECORDER[kind]})
    asyncapi_messages.check("live", json.loads(recognition_messages.text_of(response)))


@pytest.mark.parametrize("kind", _FOLLOWER)
def test_messages_to_followers(kind: str) -> None:
    response = live_pb2.FollowLiveResponse(**{kind: _FOLLOWER[kind]})
    asyncapi_messages.check("followers", json.loads(recognition_messages.text_of(response)))


@pytest.mark.parametrize("channel", ["live", "followers"])
def test_errors(channel: str) -> None:
    error = StateError("It has ended.", {"reason": "NOT_LIVE"})
    asyncapi_messages.check(channel, json.loads(recognition_messages.failure(error)))


def test_every_message_is_tried() -> None:
    """A new response of the contract needs an entry here, and in the schemas."""
    response = live_pb2.LiveServiceStreamingRecognizeResponse.DESCRIPTOR
    assert {field.name for field in response.fields} == _RECORDER.keys()
    assert asyncapi_messages.types("live", "send") == {*_RECORDER, "error", "pong"}
    followed = live_pb2.FollowLiveResponse.DESCRIPTOR
    assert {field.name for field in followed.fields} == _FOLLOWER.keys()
    assert asyncapi_messages.types("followers", "send") == {*_FOLLOWER, "error", "pong"}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "begin", "encoding": "linear16", "sample_rate": 16000, "phrases": ["Ann"]},
        {"type": "resume", "capture_id": "c1", "after_sequence": 4},
        {"type": "chunk", "number": 0, "data": base64.b64encode(b"sound").decode()},
        {"type": "finish", "chunk_count": 4, "allow_gaps": True},
        {"type": "ping"},
    ],
)
def test_messages_of_clients(message: dict[str, Any]) -> None:
    asyncapi_messages.check("live", message, action="receive")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "begin", "encoding": "mp3"},
        {"type": "begin", "encoding": "ogg_opus", "unknown": 1},
        {"type": "resume"},
        {"type": "finish", "chunk_count": 0},
    ],
)
def test_wrong_messages_of_clients_are_refused(message: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        asyncapi_messages.check("live", message, action="receive")


def test_names_of_schemas_are_not_those_of_the_rest_of_the_api() -> None:
    assert all(name.startswith("Live") for name in recognition_schemas.schemas())
