"""Validation and conversion of requests."""

import pytest

from common.audio.signals import ChannelMode
from common.errors import NotFoundError, ValidationError
from securetranscribe.v1 import diarization_pb2, queue_pb2, transcription_pb2
from transcriber.api import requests
from transcriber.api.preferences import Preferences
from transcriber.domain.jobs import JobStatus, Stage
from transcriber.domain.transcriptions import TranscriptionStatus

Upload = transcription_pb2.UploadConfig
Late = transcription_pb2.UploadOptions
Start = transcription_pb2.StartTranscriptionRequest
Diarization = diarization_pb2.DiarizationConfig


def test_complete_upload_needs_no_preferences() -> None:
    assert not requests.needs_preferences(Upload(language="en", auto_start=False))
    assert requests.needs_preferences(Upload(language="en"))
    assert requests.needs_preferences(Upload(auto_start=True))


def test_preferences_fill_missing_options() -> None:
    preferences = Preferences(language="de", auto_start=False)
    silent = requests.upload(Upload(filename="x/a.wav"), preferences)
    assert (silent.filename, silent.options.language, silent.auto_start) == ("a.wav", "de", False)
    stated = requests.upload(Upload(language="en", auto_start=True), preferences)
    assert (stated.options.language, stated.auto_start) == ("en", True)
    assert (silent.priority, silent.request_id) == (5, None)


def test_absent_language_differs_from_empty_one() -> None:
    assert requests.start(Start()).language is None
    assert requests.start(Start(language="")).language == ""
    assert requests.start(Start()).speakers is None
    bounded = requests.start(Start(diarization=diarization_pb2.DiarizationConfig(speaker_count=2)))
    assert bounded.speakers is not None
    assert bounded.speakers.count == 2


def test_channels_are_auto_unless_stated() -> None:
    silent = requests.upload(Upload(), Preferences())
    assert (silent.options.channels, silent.allow_truncated) == (ChannelMode.AUTO, False)
    stated = requests.upload(
        Upload(channels=transcription_pb2.CHANNEL_MODE_MIX, allow_truncated=True), Preferences()
    )
    assert (stated.options.channels, stated.allow_truncated) == (ChannelMode.MIX, True)
    assert requests.start(Start()).channels is None
    start = Start(channels=transcription_pb2.CHANNEL_MODE_SEPARATE)
    assert requests.start(start).channels is ChannelMode.SEPARATE


def test_late_options_replace_only_what_they_state() -> None:
    described = requests.upload(
        Upload(language="en", channels=transcription_pb2.CHANNEL_MODE_MIX, allow_truncated=True),
        Preferences(),
    )
    assert requests.amended(described, Late(), Preferences()) == described
    late = Late(channels=transcription_pb2.CHANNEL_MODE_SEPARATE, allow_truncated=False)
    changed = requests.amended(described, late, Preferences())
    assert (changed.options.channels, changed.allow_truncated) == (ChannelMode.SEPARATE, False)
    assert changed.options.language == "en"


def test_late_numbers_of_speakers_replace_those_of_the_description() -> None:
    described = requests.upload(Upload(diarization=Diarization(speaker_count=2)), Preferences())
    assert requests.amended(described, Late(), Preferences()).options.speakers.count == 2
    late = Late(diarization=Diarization(min_speaker_count=3))
    bounds = requests.amended(described, late, Preferences()).options.speakers
    assert (bounds.count, bounds.fewest) == (0, 3)


def test_late_options_of_the_job_replace_those_of_the_description() -> None:
    described = requests.upload(Upload(phrases=["Ann"], model="one", priority=2), Preferences())
    assert described.options.diarize
    late = Late(diarize=False, priority=3, model="", phrases=["Bob", "Eve"])
    changed = requests.amended(described, late, Preferences())
    assert (changed.options.diarize, changed.priority, changed.options.model) == (False, 3, "")
    assert changed.options.phrases == ("Bob", "Eve")
    with pytest.raises(ValidationError, match="priority"):
        requests.amended(described, Late(priority=11), Preferences())


def test_diarization_is_as_before_unless_it_is_named() -> None:
    assert requests.start(Start()).diarize is None
    assert requests.start(Start(diarize=False)).diarize is False
    assert requests.start(Start(stages=[queue_pb2.STAGE_DIARIZE])).diarize is True
    assert requests.start(Start(stages=[queue_pb2.STAGE_TRANSCRIBE])).diarize is None
    with pytest.raises(ValidationError, match="without diarization"):
        requests.start(Start(stages=[queue_pb2.STAGE_DIARIZE], diarize=False))


def test_phrases_and_model_of_a_start_can_be_emptied() -> None:
    silent, stated = (
        requests.start(Start()),
        requests.start(Start(phrases=transcription_pb2.PhraseList(), model="")),
    )
    assert (silent.phrases, silent.model) == (None, None)
    assert (stated.phrases, stated.model) == ((), "")
    with pytest.raises(ValidationError, match="model"):
        requests.start(Start(model="x" * 101))


@pytest.mark.parametrize(
    "config",
    [
        Diarization(speaker_count=4, max_speaker_count=3),
        Diarization(speaker_count=1, min_speaker_count=2),
    ],
)
def test_exact_number_outside_of_its_bounds_is_refused(config: Diarization) -> None:
    with pytest.raises(ValidationError) as caught:
        requests.bounds(config)
    assert caught.value.details == {"field": "diarization.speaker_count"}
    agreeing = Diarization(speaker_count=2, min_speaker_count=2, max_speaker_count=2)
    assert requests.bounds(agreeing).count == 2


def test_every_mode_of_channels_is_known() -> None:
    for value in transcription_pb2.ChannelMode.values():
        mode = requests.channels(value)
        name = transcription_pb2.ChannelMode.Name(value).removeprefix("CHANNEL_MODE_").lower()
        assert name == (mode or "unspecified")
    with pytest.raises(ValidationError, match="auto, mix or separate") as caught:
        requests.channels(99)
    assert caught.value.details == {"field": "channels"}


def test_unknown_stage_is_rejected() -> None:
    request = Start(stages=[queue_pb2.STAGE_DIARIZE, queue_pb2.STAGE_DIARIZE])
    assert requests.start(request).stages == {Stage.DIARIZE}
    for wrong in (queue_pb2.STAGE_UNSPECIFIED, 99):
        with pytest.raises(ValidationError) as caught:
            requests.stages([wrong])
        assert caught.value.details == {"field": "stages"}


def test_statuses_are_converted_or_rejected() -> None:
    assert requests.status(transcription_pb2.TRANSCRIPTION_STATUS_UNSPECIFIED) is None
    assert requests.status(transcription_pb2.TRANSCRIPTION_STATUS_FAILED) is (
        TranscriptionStatus.FAILED
    )
    assert requests.job_status(queue_pb2.JOB_STATUS_CANCELLED) is JobStatus.CANCELLED
    for check in (requests.status, requests.job_status):
        with pytest.raises(ValidationError):
            check(99)


def test_pages_have_defaults_and_limits() -> None:
    assert requests.page(0, 0) == (50, 0)
    assert requests.page(1000, 7) == (1000, 7)
    for limit, offset in ((-1, 0), (1001, 0), (1, -1)):
        with pytest.raises(ValidationError):
            requests.page(limit, offset)


def test_malformed_job_id_is_not_found() -> None:
    good = "job_" + "0" * 32
    assert requests.job_id(good) == good
    for wrong in ("", "job_1", "job_\x00", good + "\n", "JOB_" + "0" * 32):
        with pytest.raises(NotFoundError):
            requests.job_id(wrong)
