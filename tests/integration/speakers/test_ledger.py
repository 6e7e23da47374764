"""Inspection and correction of ledgers: removals, merges, splits, clips."""

from dataclasses import replace

import pytest

from common.errors import NotFoundError, SpeakerError, ValidationError
from common.postgres import Database
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import (
    Caller,
    Named,
    Service,
    ServiceFactory,
    prototypes,
)
from tests.integration.speakers.fakes import person


def named(name: str, number: int, recording: int, **changes: object) -> Named:
    """Return the voice of a person in a recording, with the name given there."""
    voice = Named(
        label="Speaker_1", name=name, values=person(number, recording=recording), seconds=5.0
    )
    return replace(voice, **changes)  # type: ignore[arg-type]


async def taught(transcriber: Caller, *voices: Named, first: int = 1) -> int:
    """Name each voice in a recording of its own. Return the profile id of the last one."""
    for number, voice in enumerate(voices, first):
        links = await transcriber.decide(number, voice)
    return int(links[voices[-1].label].speaker.speaker_id)


async def remove(caller: Caller, speaker_id: int, observation_id: int) -> speaker_pb2.Speaker:
    request = speaker_pb2.DeleteObservationRequest(
        speaker_id=speaker_id, observation_id=observation_id
    )
    answer: speaker_pb2.DeleteObservationResponse = await caller.call("DeleteObservation", request)
    return answer.speaker


async def merge(caller: Caller, speaker_id: int, source: int) -> speaker_pb2.Speaker:
    request = speaker_pb2.MergeSpeakersRequest(speaker_id=speaker_id, source_speaker_id=source)
    answer: speaker_pb2.MergeSpeakersResponse = await caller.call("MergeSpeakers", request)
    return answer.speaker


async def split(
    caller: Caller, speaker_id: int, ids: list[int], name: str
) -> speaker_pb2.SplitSpeakerResponse:
    request = speaker_pb2.SplitSpeakerRequest(speaker_id=speaker_id, observation_ids=ids, name=name)
    answer: speaker_pb2.SplitSpeakerResponse = await caller.call("SplitSpeaker", request)
    return answer


async def test_ledger_is_listed_newest_first(user: Caller, transcriber: Caller) -> None:
    ann = await taught(transcriber, *(named("Ann", 1, n, seconds=4.0 + n) for n in (1, 2, 3)))
    rows = await user.observations(ann)
    assert [row.transcription_id for row in rows] == [3, 2, 1]
    assert [row.speech_duration.seconds for row in rows] == [7, 6, 5]
    assert {row.speaker_id for row in rows} == {ann}
    request = speaker_pb2.ListObservationsRequest(speaker_id=ann, page=2, page_size=2)
    answer = await user.call("ListObservations", request)
    assert [row.transcription_id for row in answer.observations] == [1]
    assert answer.total == 3


async def test_removed_observation_leaves_no_trace(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    right = await prototypes(database)
    await taught(transcriber, named("Ann", 2, 2), first=2)
    poisoned, _ = await user.observations(ann)
    left = await remove(user, ann, poisoned.observation_id)
    assert left.sample_count == 1
    assert await prototypes(database) == right
    # The name in that recording stays, and its repetition does not add the observation again.
    assert (await user.statistics(ann)).total_transcriptions == 2
    await transcriber.decide(2, named("Ann", 2, 2))
    assert await prototypes(database) == right


async def test_recognition_can_be_removed(user: Caller, transcriber: Caller) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    await transcriber.recognize(2, named("", 1, 2))
    machine, _ = await user.observations(ann)
    assert (await remove(user, ann, machine.observation_id)).sample_count == 1
    assert len(await user.observations(ann)) == 1


async def test_only_entries_of_the_profile_can_be_removed(
    user: Caller, transcriber: Caller
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    bob = await taught(transcriber, named("Bob", 2, 2), first=2)
    [row] = await user.observations(bob)
    for observation_id in (row.observation_id, 999):
        with pytest.raises(NotFoundError):
            await remove(user, ann, observation_id)
    assert len(await user.observations(bob)) == 1


async def test_merge_equals_a_single_profile(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    await taught(transcriber, *(named("Ann", 1, n, seconds=2.0 + n) for n in range(1, 5)))
    one = await prototypes(database)
    await transcriber.recognize(9, named("", 1, 9))
    await taught(transcriber, *(named("Annie", 1, n, seconds=2.0 + n) for n in (1, 2)))
    ids = {item.name: item.speaker_id for item in (await user.call(
        "ListSpeakers", speaker_pb2.ListSpeakersRequest())).speakers}  # fmt: skip
    merged = await merge(user, ids["Ann"], ids["Annie"])
    assert merged.sample_count == 4
    assert await prototypes(database) == one
    assert await user.names(active_only=False) == ["Ann"]
    assert (await user.statistics(ids["Ann"])).total_transcriptions == 5
    # Removing the decisions about a recording also affects the merged profile.
    await transcriber.decide(1)
    assert (await user.get(ids["Ann"])).sample_count == 3


async def test_invalid_merges_are_rejected(user: Caller, transcriber: Caller) -> None:
    ann, bob = await user.create("Ann"), await user.create("Bob")
    with pytest.raises(SpeakerError):
        await merge(user, ann.speaker_id, ann.speaker_id)
    for one, other in ((ann.speaker_id, 99), (99, ann.speaker_id)):
        with pytest.raises(NotFoundError):
            await merge(user, one, other)
    await user.delete(ann.speaker_id)
    with pytest.raises(SpeakerError):
        await merge(user, ann.speaker_id, bob.speaker_id)
    assert (await merge(user, bob.speaker_id, ann.speaker_id)).name == "Bob"


async def test_split_undoes_a_merge(user: Caller, transcriber: Caller, database: Database) -> None:
    await taught(transcriber, *(named("Ann", 1, n) for n in (1, 2)))
    bob = await taught(transcriber, *(named("Bob", 2, n) for n in (3, 4)), first=3)
    apart = await prototypes(database)
    ann = next(
        item.speaker_id
        for item in (await user.call("ListSpeakers", speaker_pb2.ListSpeakersRequest())).speakers
        if item.name == "Ann"
    )
    await merge(user, ann, bob)
    assert await prototypes(database) != apart
    wrong = [row.observation_id for row in await user.observations(ann) if row.transcription_id > 2]
    answer = await split(user, ann, wrong, "Bob")
    assert await prototypes(database) == apart
    assert (answer.speaker.name, answer.speaker.sample_count) == ("Ann", 2)
    assert (answer.target.name, answer.target.sample_count) == ("Bob", 2)
    # A repeated decision does not move the observation back.
    await transcriber.decide(3, named("Ann", 2, 3))
    assert await prototypes(database) == apart
    # Deleting the recording removes its observation from any profile.
    await transcriber.decide(3)
    assert (await user.get(answer.target.speaker_id)).sample_count == 1


async def test_split_to_an_existing_profile(user: Caller, transcriber: Caller) -> None:
    bob = await user.create("Bob")
    ann = await taught(transcriber, named("Ann", 1, 1), named("Ann", 2, 2))
    rows = await user.observations(ann)
    answer = await split(user, ann, [rows[0].observation_id], " BOB ")
    assert answer.target.speaker_id == bob.speaker_id
    assert (await transcriber.recognize(5, named("", 2, 5)))["Speaker_1"].name == "Bob"
    assert (await transcriber.recognize(6, named("", 1, 6)))["Speaker_1"].name == "Ann"


async def test_invalid_splits_are_rejected(user: Caller, transcriber: Caller) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1))
    bob = await taught(transcriber, named("Bob", 2, 2), first=2)
    await transcriber.recognize(3, named("", 1, 3))
    machine, own = (row.observation_id for row in await user.observations(ann))
    [foreign] = (row.observation_id for row in await user.observations(bob))
    for ids, name in (([foreign], "Cy"), ([own, foreign], "Cy"), ([machine], "Cy"), ([own], "ann")):
        with pytest.raises(SpeakerError):
            await split(user, ann, ids, name)
    for ids, name in (([], "Cy"), ([own], "  "), ([own], "Speaker_1")):
        with pytest.raises(ValidationError):
            await split(user, ann, ids, name)
    with pytest.raises(NotFoundError):
        await split(user, 99, [own], "Cy")
    assert await user.names(active_only=False) == ["Ann", "Bob"]
    assert (await user.get(ann)).sample_count == 1


async def test_clip_is_the_most_typical_voice(user: Caller, transcriber: Caller) -> None:
    voices = [named("Ann", 1, n, clip=f"clip {n}".encode()) for n in (1, 2, 3)]
    stranger = named("Ann", 7, 4, clip=b"a mistake", seconds=9.0)
    ann = await taught(transcriber, *voices, stranger)
    clip = await user.clip(ann)
    assert clip.content_type == "audio/flac"
    assert clip.data.startswith(b"clip ")
    await user.delete(ann)
    assert (await user.clip(ann)).data == clip.data


async def test_clips_are_for_their_workspace_unless_they_are_shared(
    service: Service, services: ServiceFactory, transcriber: Caller
) -> None:
    ann = await taught(transcriber, named("Ann", 1, 1, clip=b"private"))
    assert (await service.session("a").clip(ann)).data == b"private"
    with pytest.raises(NotFoundError):
        await service.session("b").clip(ann)
    async with services.run(share_voice_clips=True) as shared:
        assert (await shared.session("b").clip(ann)).data == b"private"


async def test_permanent_deletion_removes_voice_data(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    """The trash still has it, which `test_trash.py` shows, and nobody recognizes it."""
    ann = await taught(transcriber, named("Ann", 1, 1, clip=b"clip"), named("Ann", 1, 2))
    await transcriber.recognize(3, named("", 1, 3))
    await user.delete(ann, permanent=True)
    for table in ("profiles", "decisions", "observations", "recognitions", "prototypes"):
        assert await database.fetch_one(f"SELECT FROM {table} LIMIT 1") is None
    match = (await transcriber.recognize(4, named("", 1, 4)))["Speaker_1"]
    assert match.outcome == speaker_pb2.VOICE_MATCH_OUTCOME_UNKNOWN
