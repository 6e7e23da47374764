"""Recognition of the voices of recordings."""

from dataclasses import replace
from typing import Any

import pytest

from common.errors import ValidationError
from common.postgres import Database
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, ServiceFactory, prototypes
from tests.integration.speakers.fakes import MODEL, person, voiceprint

KNOWN = speaker_pb2.VOICE_MATCH_OUTCOME_KNOWN
UNKNOWN = speaker_pb2.VOICE_MATCH_OUTCOME_UNKNOWN
TOO_LITTLE = speaker_pb2.VOICE_MATCH_OUTCOME_TOO_LITTLE_SPEECH


def heard(label: str, number: int, recording: int = 2, **changes: Any) -> Named:
    """Return a voice of a later recording."""
    values = person(number, recording=recording)
    return replace(Named(label=label, name="", values=values), **changes)


async def teach(transcriber: Caller, **people: int) -> dict[str, int]:
    """Name people in recording 1. Return the profile ids by name."""
    links = await transcriber.decide(
        1, *(Named(label=name, name=name, values=person(number)) for name, number in people.items())
    )
    return {name: link.speaker.speaker_id for name, link in links.items()}


async def test_known_voices_are_named_and_strangers_are_not(
    transcriber: Caller, user: Caller
) -> None:
    ids = await teach(transcriber, Ann=1, Bob=2)
    matches = await transcriber.recognize(2, heard("S1", 2), heard("S2", 3), heard("S3", 1))
    assert list(matches) == ["S1", "S2", "S3"]
    assert (matches["S1"].outcome, matches["S1"].name) == (KNOWN, "Bob")
    assert (matches["S3"].outcome, matches["S3"].speaker_id) == (KNOWN, ids["Ann"])
    assert matches["S3"].confidence >= 0.8
    assert matches["S3"].confidence_level == speaker_pb2.CONFIDENCE_LEVEL_HIGH
    stranger = matches["S2"]
    assert (stranger.outcome, stranger.speaker_id, stranger.name) == (UNKNOWN, 0, "")
    assert stranger.confidence == 0.0
    assert stranger.confidence_level == speaker_pb2.CONFIDENCE_LEVEL_UNSPECIFIED


async def test_no_voice_is_known_without_profiles(transcriber: Caller) -> None:
    matches = await transcriber.recognize(1, heard("S1", 1))
    assert matches["S1"].outcome == UNKNOWN
    assert await transcriber.recognize(1) == {}


async def test_too_little_speech_gives_no_match(transcriber: Caller) -> None:
    await teach(transcriber, Ann=1)
    matches = await transcriber.recognize(
        2, heard("S1", 1, seconds=1.5), heard("S2", 1, values=None)
    )
    assert {match.outcome for match in matches.values()} == {TOO_LITTLE}


async def test_profile_matches_at_most_one_voice(transcriber: Caller) -> None:
    """If diarization splits a person, the more similar half gets the name."""
    await teach(transcriber, Ann=1)
    exact = heard("S2", 1, values=person(1))
    matches = await transcriber.recognize(2, heard("S1", 1), exact)
    assert matches["S1"].outcome == UNKNOWN
    assert matches["S2"].name == "Ann"


async def test_recognition_adds_no_observation(
    transcriber: Caller, user: Caller, database: Database
) -> None:
    ids = await teach(transcriber, Ann=1)
    before = await prototypes(database)
    for number in range(2, 6):
        await transcriber.recognize(number, heard("S1", 1, recording=number))
    assert await prototypes(database) == before
    assert (await user.get(ids["Ann"])).sample_count == 1


async def test_revoked_name_leaves_later_recordings_unnamed(
    transcriber: Caller, user: Caller
) -> None:
    await teach(transcriber, Ann=1, Bob=2)
    assert (await transcriber.recognize(2, heard("S1", 1)))["S1"].name == "Ann"
    await transcriber.decide(1)
    assert (await transcriber.recognize(3, heard("S1", 1)))["S1"].outcome == UNKNOWN
    assert await user.names(active_only=False) == []


@pytest.mark.parametrize("change", [{"model": "another"}, {"version": "2"}])
async def test_voiceprints_of_different_models_are_not_compared(
    transcriber: Caller, user: Caller, change: dict[str, Any]
) -> None:
    ids = await teach(transcriber, Ann=1)
    foreign = heard("S1", 1, values=person(1), **change)
    assert (await transcriber.recognize(2, foreign))["S1"].outcome == UNKNOWN
    assert await user.search_voices(voiceprint(person(1), **change)) == []
    # With observations of both models, the profile is recognized by both.
    await transcriber.decide(3, replace(foreign, name="Ann"))
    for voice in (foreign, heard("S1", 1)):
        assert (await transcriber.recognize(4, voice))["S1"].speaker_id == ids["Ann"]


async def test_inactive_profiles_are_not_recognized(transcriber: Caller, user: Caller) -> None:
    ids = await teach(transcriber, Ann=1)
    await user.delete(ids["Ann"])
    assert (await transcriber.recognize(2, heard("S1", 1)))["S1"].outcome == UNKNOWN
    assert await user.search_voices(voiceprint(person(1))) == []
    left = await user.get(ids["Ann"])
    assert left.has_voice_data
    await user.update(ids["Ann"], active=True)
    assert (await transcriber.recognize(2, heard("S1", 1)))["S1"].outcome == KNOWN


async def test_repeated_recognition_replaces_earlier_results(
    transcriber: Caller, user: Caller
) -> None:
    ids = await teach(transcriber, Ann=1, Bob=2)
    await transcriber.recognize(2, heard("S1", 1), heard("S2", 2))
    await transcriber.recognize(2, heard("S1", 2))
    assert (await user.statistics(ids["Ann"])).total_transcriptions == 1
    assert (await user.statistics(ids["Bob"])).total_transcriptions == 2


async def test_recognitions_are_listed_in_the_ledger(transcriber: Caller, user: Caller) -> None:
    ids = await teach(transcriber, Ann=1)
    match = (await transcriber.recognize(2, heard("S1", 1, seconds=6.0, speech=9.0)))["S1"]
    newest, oldest = await user.observations(ids["Ann"])
    assert newest.decided_by == speaker_pb2.DECISION_SOURCE_MACHINE
    assert (newest.transcription_id, newest.speaker_label) == (2, "S1")
    assert newest.speech_duration.seconds == 6
    assert newest.confidence == pytest.approx(match.confidence)
    assert newest.model == MODEL
    assert oldest.decided_by == speaker_pb2.DECISION_SOURCE_PERSON
    assert oldest.confidence == 1.0
    # Deleting the recording, which has no decisions, removes its recognitions.
    await transcriber.decide(2)
    assert await user.observations(ids["Ann"]) == [oldest]


async def test_threshold_is_a_setting(services: ServiceFactory, transcriber: Caller) -> None:
    await teach(transcriber, Ann=1)
    sure = (await transcriber.recognize(2, heard("S1", 1)))["S1"].confidence
    assert 0.99 < sure < 0.999_999
    async with services.run(confidence_threshold=0.999_999, voice_min_seconds=0.5) as strict:
        caller = strict.transcriber()
        assert (await caller.recognize(2, heard("S1", 1)))["S1"].outcome == UNKNOWN
        short = heard("S1", 1, seconds=1.0, values=person(1))
        assert (await caller.recognize(2, short))["S1"].outcome == UNKNOWN


async def test_invalid_requests_are_rejected(transcriber: Caller, user: Caller) -> None:
    for attempt in (
        transcriber.recognize(0, heard("S1", 1)),
        transcriber.recognize(1, heard("S1", 1), heard("S1", 2)),
        transcriber.recognize(1, heard("", 1)),
        transcriber.recognize(1, heard("S1", 1, values=[float("nan")] * 3)),
        user.search_voices(voiceprint([])),
        user.search_voices(voiceprint(person(1)), limit=101),
    ):
        with pytest.raises(ValidationError):
            await attempt


async def test_voice_search_is_ordered_by_similarity(transcriber: Caller, user: Caller) -> None:
    ids = await teach(transcriber, Ann=1, Bob=2, Cy=3)
    found = await user.search_voices(voiceprint(person(2, recording=5)))
    assert found[0].speaker.speaker_id == ids["Bob"]
    assert found[0].similarity > 0.7
    assert found[0].confidence > 0.9
    assert [item.similarity for item in found] == sorted(
        (item.similarity for item in found), reverse=True
    )
    assert all(item.confidence < 0.01 for item in found[1:])
    assert len(found) == 3
    assert len(await user.search_voices(voiceprint(person(2)), limit=1)) == 1
