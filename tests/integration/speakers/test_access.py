"""Access control."""

import pytest

from common.errors import AuthenticationError, AuthorizationError
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, Service
from tests.integration.speakers.fakes import person

SERVICE = speaker_pb2.DESCRIPTOR.services_by_name["SpeakerService"]
METHODS = [method.name for method in SERVICE.methods]


def request_of(method: str) -> object:
    """Return an empty request of a method."""
    return getattr(speaker_pb2, SERVICE.methods_by_name[method].input_type.name)()


@pytest.mark.parametrize("method", METHODS)
async def test_calls_without_credentials_are_rejected(service: Service, method: str) -> None:
    with pytest.raises((AuthenticationError, AuthorizationError)):
        await service.nobody().call(method, request_of(method))


async def test_invalid_token_is_rejected(service: Service) -> None:
    caller = Caller(
        stub=service.nobody().stub, metadata=(("authorization", "Bearer something else"),)
    )
    with pytest.raises(AuthenticationError):
        await caller.create("Ann")


@pytest.mark.parametrize(
    "method", ["RecognizeVoices", "SetVoiceDecisions", "EmbedClip", "MatchVoices"]
)
async def test_only_services_may_report_on_recordings(user: Caller, method: str) -> None:
    with pytest.raises(AuthorizationError):
        await user.call(method, request_of(method))


async def test_profiles_are_shared_by_all_sessions(service: Service) -> None:
    one, other = service.session("a"), service.session("b")
    ann = await one.create("Ann")
    assert await other.names() == ["Ann"]
    assert (await other.update(ann.speaker_id, description="Known to all")).speaker_id
    assert (await one.get(ann.speaker_id)).description == "Known to all"


async def test_ledger_reveals_only_the_id_of_other_sessions_recordings(
    service: Service,
) -> None:
    voice = Named(label="Speaker_1", name="Ann", values=person(1), clip=b"sound")
    links = await service.transcriber("session_a").decide(5, voice)
    [row] = await service.session("b").observations(links["Speaker_1"].speaker.speaker_id)
    told = {field.name for field, _ in row.ListFields()}
    assert told == {
        "observation_id", "speaker_id", "transcription_id", "speaker_label", "speech_duration",
        "decided_by", "model", "create_time", "confidence",
    }  # fmt: skip
