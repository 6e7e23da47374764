"""Descriptions and failures as JSON."""

import json

import pytest

from common.audio.signals import ChannelMode
from common.errors import (
    ApplicationError,
    AudioProcessingError,
    FileTooLargeError,
    FileUploadError,
)
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.recordings.acceptance import UploadRequest
from transcriber.resumable.encoding import (
    failure_from_json,
    failure_to_json,
    request_from_json,
    request_to_json,
)


def test_a_description_survives() -> None:
    request = UploadRequest(
        filename="a.wav",
        options=ProcessingOptions(
            language="de",
            phrases=("Ann", "Bob"),
            speakers=SpeakerBounds(count=2, fewest=1, most=3),
            channels=ChannelMode.SEPARATE,
            voice_memory=False,
            diarize=False,
            model="whisper-base",
        ),
        auto_start=True,
        priority=7,
        request_id="once",
        size_bytes=10,
        allow_truncated=True,
    )

    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request


def test_a_description_of_the_version_before_has_the_defaults() -> None:
    request = UploadRequest(
        filename="a.wav", options=ProcessingOptions(), auto_start=True, priority=5, request_id=None
    )
    stored = request_to_json(request)
    del stored["diarize"], stored["model"]

    assert request_from_json(stored) == request


@pytest.mark.parametrize("kind", [FileUploadError, FileTooLargeError, AudioProcessingError])
def test_a_failure_survives(kind: type[ApplicationError]) -> None:
    error = kind("No.", {"file_name": "a.wav"})

    again = failure_from_json(json.loads(json.dumps(failure_to_json(error))))

    assert type(again) is kind
    assert (again.message, again.details) == ("No.", {"file_name": "a.wav"})
