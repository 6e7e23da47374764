"""Voices of one call, compared without profiles."""

from collections.abc import Mapping
from typing import Any

import pytest

from common.errors import AudioProcessingError, SpeakerError, UnavailableError
from common.postgres import Database
from common.times import seconds
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, ServiceFactory
from tests.integration.speakers.fakes import Peers, person, voiceprint, wav
from tests.ports import free_port

_STORED = """
SELECT (SELECT count(*) FROM profiles) + (SELECT count(*) FROM observations)
     + (SELECT count(*) FROM recognitions) + (SELECT count(*) FROM voice_models) AS rows
"""


async def embedded(caller: Caller, content: bytes) -> speaker_pb2.EmbedClipResponse:
    answer: speaker_pb2.EmbedClipResponse = await caller.call(
        "EmbedClip", speaker_pb2.EmbedClipRequest(content=content)
    )
    return answer


async def matched(caller: Caller, references: list[Any], *voices: Named) -> Mapping[str, int]:
    request = speaker_pb2.MatchVoicesRequest(
        references=references, voices=[voice.voice() for voice in voices]
    )
    answer = await caller.call("MatchVoices", request)
    return {match.speaker_label: match.reference for match in answer.matches}


async def test_voices_of_a_recording_are_found_among_references(
    transcriber: Caller, peers: Peers, database: Database
) -> None:
    references = []
    for number in (1, 2):
        peers.diarizer.hears(voiceprint(person(number), seconds=3.0))
        found = await embedded(transcriber, wav(3.5))
        assert seconds(found.duration) == pytest.approx(3.5, abs=0.01)
        assert seconds(found.voiceprint.speech_duration) == 3.0
        references.append(found.voiceprint)
    voices = [
        Named(label=f"Speaker_{place}", name="", values=person(number, recording=7))
        for place, number in enumerate((3, 2, 1), 1)
    ]
    assert await matched(transcriber, references, *voices) == {
        "Speaker_1": 0,
        "Speaker_2": 2,
        "Speaker_3": 1,
    }
    row = await database.fetch_one(_STORED)
    assert row is not None
    assert row["rows"] == 0


async def test_profiles_take_no_part(user: Caller, transcriber: Caller, peers: Peers) -> None:
    ann = (await user.create("Ann")).speaker_id
    peers.diarizer.hears(voiceprint(person(1), seconds=6.0))
    request = speaker_pb2.EnrollSpeakerRequest(speaker_id=ann, content=wav(6.0))
    await user.call("EnrollSpeaker", request)
    voice = Named(label="Speaker_1", name="", values=person(1, recording=2))
    assert await matched(transcriber, [voiceprint(person(2))], voice) == {"Speaker_1": 0}


async def test_diarizer_is_called_on_behalf_of_the_session(
    transcriber: Caller, peers: Peers
) -> None:
    peers.diarizer.hears(voiceprint(person(1)))
    await embedded(transcriber, wav(3.0))
    [caller] = peers.diarizer.callers
    assert "authorization" not in caller
    assert caller["x-session-id"] == "session_a"


async def test_errors(transcriber: Caller, peers: Peers) -> None:
    with pytest.raises(AudioProcessingError):
        await embedded(transcriber, b"no sound " * 100)
    peers.diarizer.error = UnavailableError("The worker is being replaced.")
    with pytest.raises(UnavailableError):
        await embedded(transcriber, wav(3.0))


async def test_without_voice_memory(services: ServiceFactory) -> None:
    async with services.run(voice_memory=False, diarizer_grpc=f"127.0.0.1:{free_port()}") as closed:
        caller = closed.transcriber()
        with pytest.raises(SpeakerError):
            await embedded(caller, wav(3.0))
        with pytest.raises(SpeakerError):
            await matched(caller, [voiceprint(person(1))])
