"""Enrollment of clips."""

import asyncio

import pytest

from common.errors import (
    AudioProcessingError,
    NotFoundError,
    SpeakerError,
    UnavailableError,
    ValidationError,
)
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, ServiceFactory
from tests.integration.speakers.fakes import MODEL, Peers, person, voiceprint, wav
from tests.ports import free_port


async def enroll(
    caller: Caller, speaker_id: int, content: bytes | None = None, request_id: str = ""
) -> speaker_pb2.EnrollSpeakerResponse:
    request = speaker_pb2.EnrollSpeakerRequest(
        speaker_id=speaker_id,
        content=wav(6.0) if content is None else content,
        request_id=request_id,
    )
    answer: speaker_pb2.EnrollSpeakerResponse = await caller.call("EnrollSpeaker", request)
    return answer


async def test_enrolled_person_is_recognized(
    user: Caller, transcriber: Caller, peers: Peers
) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1), seconds=5.5))
    answer = await enroll(user, ann)
    assert (answer.speaker.sample_count, answer.speaker.has_voice_data) == (1, True)
    row = answer.observation
    assert row.decided_by == speaker_pb2.DECISION_SOURCE_ENROLLMENT
    assert (row.transcription_id, row.speaker_label, row.confidence) == (0, "", 1.0)
    assert (row.speaker_id, row.model) == (ann, MODEL)
    assert row.speech_duration.ToMilliseconds() == 5500
    assert await user.observations(ann) == [row]
    heard = Named(label="S1", name="", values=person(1, recording=3))
    assert (await transcriber.recognize(1, heard))["S1"].speaker_id == ann
    # An enrolled clip does not count as a recording.
    assert (await user.statistics(ann)).total_transcriptions == 1


async def test_diarizer_is_called_on_behalf_of_the_session(user: Caller, peers: Peers) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1)))
    await enroll(user, ann)
    [caller] = peers.diarizer.callers
    assert "authorization" not in caller
    assert caller["x-session-id"] == "session_a"
    assert ":speakers:" in caller["x-service-auth"]


async def test_cleanest_seconds_become_the_clip(user: Caller, peers: Peers) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1)), end=4.0)
    await enroll(user, ann)
    clip = await user.clip(ann)
    assert clip.content_type == "audio/flac"
    assert clip.data.startswith(b"fLaC")


@pytest.mark.parametrize(
    ("seconds", "speakers", "reason"), [(9.0, 2, "several_speakers"), (4.9, 1, "too_little_speech")]
)
async def test_unsuitable_clips_are_rejected(
    user: Caller, peers: Peers, seconds: float, speakers: int, reason: str
) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1), seconds=seconds), speakers=speakers)
    with pytest.raises(SpeakerError) as refused:
        await enroll(user, ann)
    assert refused.value.details["reason"] == reason
    assert (await user.get(ann)).sample_count == 0


async def test_errors_of_the_diarizer_are_passed_on(user: Caller, peers: Peers) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.error = AudioProcessingError("Nobody speaks in this clip.")
    with pytest.raises(AudioProcessingError, match="Nobody speaks"):
        await enroll(user, ann)


async def test_enrollment_without_diarizer_is_unavailable(services: ServiceFactory) -> None:
    async with services.run(diarizer_grpc=f"127.0.0.1:{free_port()}") as alone:
        ann = (await alone.session().create("Ann")).speaker_id
        with pytest.raises(UnavailableError):
            await enroll(alone.session(), ann)


async def test_enrollment_is_rejected_before_the_diarizer_is_called(
    user: Caller, peers: Peers
) -> None:
    ann = (await user.create("Ann")).speaker_id
    with pytest.raises(ValidationError):
        await enroll(user, ann, b"")
    with pytest.raises(NotFoundError):
        await enroll(user, 99)
    await user.delete(ann)
    with pytest.raises(SpeakerError):
        await enroll(user, ann)
    assert peers.diarizer.calls == 0


async def test_repeated_request_enrolls_once(user: Caller, peers: Peers) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1)))
    answers = await asyncio.gather(*(enroll(user, ann, request_id="r") for _ in range(4)))
    assert {answer.observation.observation_id for answer in answers} == {
        answers[0].observation.observation_id
    }
    assert (await user.get(ann)).sample_count == 1
    calls = peers.diarizer.calls
    assert await enroll(user, ann, request_id="r") == answers[0]
    assert peers.diarizer.calls == calls
    await enroll(user, ann, request_id="another")
    assert (await user.get(ann)).sample_count == 2


async def test_clip_decodable_only_by_the_diarizer(user: Caller, peers: Peers) -> None:
    """The profile has a voiceprint but no preview."""
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1)))
    assert (await enroll(user, ann, b"no audio at all")).speaker.sample_count == 1
    with pytest.raises(NotFoundError):
        await user.clip(ann)


async def test_service_may_enroll_without_session(services: ServiceFactory, peers: Peers) -> None:
    async with services.run() as running:
        user = running.session()
        ann = (await user.create("Ann")).speaker_id
        peers.diarizer.hears(voiceprint(person(1)))
        tool = running.service()
        assert (await enroll(tool, ann)).speaker.sample_count == 1
    assert "x-service-auth" in peers.diarizer.callers[-1]
