"""Decisions about recordings, their observations, and their reversal."""

import asyncio
import random
from dataclasses import replace

import pytest

from common.errors import NotFoundError, ValidationError
from common.postgres import Database
from securetranscribe.v1 import speaker_pb2
from tests.integration.speakers.conftest import Caller, Named, ServiceFactory, prototypes
from tests.integration.speakers.fakes import person

ANN = Named(label="Speaker_1", name="Ann", values=person(1))
BOB = Named(label="Speaker_2", name="Bob", values=person(2), seconds=7.5)


async def test_new_name_creates_a_profile_with_the_voice(user: Caller, transcriber: Caller) -> None:
    links = await transcriber.decide(1, ANN, BOB)
    assert list(links) == ["Speaker_1", "Speaker_2"]
    assert all(link.created for link in links.values())
    ann = await user.get(links["Speaker_1"].speaker.speaker_id)
    assert (ann.name, ann.sample_count, ann.has_voice_data) == ("Ann", 1, True)
    assert ann.speech_duration.seconds == 10
    assert ann.confidence > 0
    assert links["Speaker_1"].speaker == ann
    assert not ann.verified


async def test_known_name_links_to_its_profile(user: Caller, transcriber: Caller) -> None:
    made = await user.create("ann")
    links = await transcriber.decide(1, ANN)
    assert links["Speaker_1"].speaker.speaker_id == made.speaker_id
    assert links["Speaker_1"].speaker.name == "ann"
    assert not links["Speaker_1"].created
    assert (await user.get(made.speaker_id)).sample_count == 1


async def test_repeated_decisions_change_nothing(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    first = await transcriber.decide(1, ANN, BOB)
    known = await prototypes(database)
    rows = await user.observations(first["Speaker_1"].speaker.speaker_id)
    again = await transcriber.decide(1, BOB, ANN)
    assert list(again) == ["Speaker_2", "Speaker_1"]
    assert not any(link.created for link in again.values())
    assert {key: link.speaker for key, link in again.items()} == {
        key: link.speaker for key, link in first.items()
    }
    assert await prototypes(database) == known
    assert await user.observations(first["Speaker_1"].speaker.speaker_id) == rows


async def test_corrected_swap_of_names_leaves_no_trace(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    """The profiles also have observations from other recordings."""
    for recording in (1, 2):
        await transcriber.decide(
            recording,
            replace(ANN, values=person(1, recording=recording), seconds=3.3 * recording),
            replace(BOB, values=person(2, recording=recording), seconds=4.7 * recording),
        )
    ann = replace(ANN, values=person(1, recording=3), seconds=5.1)
    bob = replace(BOB, values=person(2, recording=3), seconds=6.9)
    await transcriber.decide(3, ann, bob)
    right = await prototypes(database)
    await transcriber.decide(3, replace(ann, name="Bob"), replace(bob, name="Ann"))
    wrong = await prototypes(database)
    assert wrong != right
    await transcriber.decide(3, ann, bob)
    assert await prototypes(database) == right
    assert await user.names() == ["Ann", "Bob"]


async def test_decision_follows_a_renamed_profile(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    """The caller may not know the new name yet."""
    ann = (await transcriber.decide(1, ANN))["Speaker_1"].speaker.speaker_id
    known = await prototypes(database)
    await user.update(ann, name="Ann Smith")
    links = await transcriber.decide(1, replace(ANN, speaker_id=ann), BOB)
    assert links["Speaker_1"].speaker.speaker_id == ann
    assert links["Speaker_1"].speaker.name == "Ann Smith"
    assert await user.names() == ["Ann Smith", "Bob"]
    assert (await prototypes(database))[0][1:] == known[0][1:]


async def test_decision_follows_a_merged_profile(user: Caller, transcriber: Caller) -> None:
    ann = (await transcriber.decide(1, ANN))["Speaker_1"].speaker.speaker_id
    into = [(await user.create(name)).speaker_id for name in ("Annie", "Annabel")]
    for target, source in ((into[0], ann), (into[1], into[0])):
        request = speaker_pb2.MergeSpeakersRequest(speaker_id=target, source_speaker_id=source)
        await user.call("MergeSpeakers", request)
    for recording in (1, 2):
        links = await transcriber.decide(recording, replace(ANN, speaker_id=ann))
        assert links["Speaker_1"].speaker.speaker_id == into[1]
    assert await user.names(active_only=False) == ["Annabel"]
    assert (await user.get(into[1])).sample_count == 2


async def test_permanently_deleted_profile_does_not_return_by_repetition(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    ann = (await transcriber.decide(1, ANN, BOB))["Speaker_1"].speaker.speaker_id
    merged = await user.create("Annie")
    request = speaker_pb2.MergeSpeakersRequest(speaker_id=merged.speaker_id, source_speaker_id=ann)
    await user.call("MergeSpeakers", request)
    await user.delete(merged.speaker_id, permanent=True)
    for gone in (ann, merged.speaker_id):
        links = await transcriber.decide(1, replace(ANN, speaker_id=gone), BOB)
        assert not links["Speaker_1"].HasField("speaker")
        assert links["Speaker_2"].speaker.name == "Bob"
    assert await user.names(active_only=False) == ["Bob"]
    row = await database.fetch_one("SELECT count(*) AS rows FROM observations")
    assert row is not None
    assert row["rows"] == 1
    # Without a profile id, the same name creates a new profile.
    assert (await transcriber.decide(1, ANN, BOB))["Speaker_1"].created


async def test_automatically_deleted_profile_is_created_again(
    user: Caller, transcriber: Caller
) -> None:
    """A decision was changed and then changed back."""
    ann = (await transcriber.decide(1, ANN))["Speaker_1"].speaker.speaker_id
    await transcriber.decide(1, replace(ANN, name="Eve"))
    links = await transcriber.decide(1, replace(ANN, speaker_id=ann))
    assert (links["Speaker_1"].speaker.name, links["Speaker_1"].created) == ("Ann", True)
    assert await user.names(active_only=False) == ["Ann"]


async def test_removing_all_decisions_leaves_nothing(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    await transcriber.decide(1, ANN, BOB)
    await transcriber.decide(1)
    assert await user.names(active_only=False) == []
    assert await prototypes(database) == []
    for table in ("decisions", "observations", "recognitions"):
        assert await database.fetch_one(f"SELECT FROM {table} LIMIT 1") is None


async def test_deleted_recording_keeps_observations_of_others(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    await transcriber.decide(1, ANN)
    known = await prototypes(database)
    await transcriber.decide(2, replace(ANN, values=person(1, recording=2)))
    assert await prototypes(database) != known
    await transcriber.decide(2)
    assert await prototypes(database) == known
    assert await user.names() == ["Ann"]


async def test_corrected_name_leaves_no_profile(user: Caller, transcriber: Caller) -> None:
    first = await transcriber.decide(1, replace(ANN, name="Jon"))
    links = await transcriber.decide(1, replace(ANN, name="John"))
    assert await user.names(active_only=False) == ["John"]
    assert links["Speaker_1"].created
    with pytest.raises(NotFoundError):
        await user.get(first["Speaker_1"].speaker.speaker_id)


async def test_profiles_changed_by_a_person_stay(user: Caller, transcriber: Caller) -> None:
    made = await user.create("Made by hand")
    links = await transcriber.decide(1, replace(ANN, name="Made by hand"), BOB)
    bob = links["Speaker_2"].speaker.speaker_id
    await user.update(bob, description="Edited")
    await transcriber.decide(1)
    assert await user.names() == ["Bob", "Made by hand"]
    for speaker_id in (made.speaker_id, bob):
        left = await user.get(speaker_id)
        assert (left.sample_count, left.has_voice_data, left.confidence) == (0, False, 0.0)


async def test_two_labels_with_one_name_share_a_profile(user: Caller, transcriber: Caller) -> None:
    same = replace(BOB, name="ANN", values=person(1, recording=9))
    links = await transcriber.decide(1, ANN, same)
    ids = {link.speaker.speaker_id for link in links.values()}
    assert len(ids) == 1
    assert (await user.get(ids.pop())).sample_count == 2


@pytest.mark.parametrize("heard", [replace(ANN, values=None), replace(ANN, seconds=1.9)])
async def test_voice_with_too_little_speech_adds_no_observation(
    user: Caller, transcriber: Caller, heard: Named
) -> None:
    links = await transcriber.decide(1, heard)
    ann = await user.get(links["Speaker_1"].speaker.speaker_id)
    assert (ann.name, ann.sample_count, ann.has_voice_data) == ("Ann", 0, False)
    assert (await user.statistics(ann.speaker_id)).total_transcriptions == 1
    await transcriber.decide(1)
    assert await user.names() == []


async def test_new_voiceprint_replaces_the_old_one(
    user: Caller, transcriber: Caller, database: Database
) -> None:
    """After another diarization, the label belongs to another voice."""
    await transcriber.decide(1, ANN)
    await transcriber.decide(1, replace(ANN, values=person(5)))
    changed = await prototypes(database)
    await transcriber.decide(1)
    await transcriber.decide(2, replace(ANN, values=person(5)))
    assert await prototypes(database) == changed
    assert (await user.get((await transcriber.decide(2, replace(ANN, values=person(5))))[
        "Speaker_1"].speaker.speaker_id)).sample_count == 1  # fmt: skip


async def test_repeated_decision_keeps_an_inactive_profile(
    user: Caller, transcriber: Caller
) -> None:
    made = (await transcriber.decide(1, ANN))["Speaker_1"].speaker
    await user.delete(made.speaker_id)
    links = await transcriber.decide(1, ANN, BOB)
    assert links["Speaker_1"].speaker.speaker_id == made.speaker_id
    assert not links["Speaker_1"].created
    # In another recording, the name creates a new profile.
    other = await transcriber.decide(2, ANN)
    assert other["Speaker_1"].speaker.speaker_id != made.speaker_id


async def test_clip_can_be_added_later(user: Caller, transcriber: Caller) -> None:
    made = (await transcriber.decide(1, ANN))["Speaker_1"].speaker
    with pytest.raises(NotFoundError):
        await user.clip(made.speaker_id)
    await transcriber.decide(1, replace(ANN, clip=b"fLaC later"))
    assert (await user.clip(made.speaker_id)).data == b"fLaC later"
    await transcriber.decide(1, ANN)
    assert (await user.clip(made.speaker_id)).data == b"fLaC later"
    assert (await user.get(made.speaker_id)).sample_count == 1


async def test_clip_with_speech_of_others_is_removed(user: Caller, transcriber: Caller) -> None:
    made = (await transcriber.decide(1, replace(ANN, clip=b"fLaC")))["Speaker_1"].speaker
    await transcriber.decide(2, replace(BOB, clip=b"fLaC"))
    await transcriber.decide(1, replace(ANN, clip_gone=True))
    with pytest.raises(NotFoundError):
        await user.clip(made.speaker_id)
    await transcriber.decide(1, replace(ANN, clip=b"fLaC again", clip_gone=True))
    assert (await user.clip(made.speaker_id)).data == b"fLaC again"
    assert (await user.get(made.speaker_id)).sample_count == 1


async def test_concurrent_recordings_create_one_profile(user: Caller, transcriber: Caller) -> None:
    results = await asyncio.gather(
        *(
            transcriber.decide(
                number,
                replace(ANN, values=person(1, recording=number)),
                replace(BOB, values=person(2, recording=number)),
            )
            for number in range(1, 9)
        )
    )
    assert await user.names() == ["Ann", "Bob"]
    assert sum(links["Speaker_1"].created for links in results) == 1
    for label in ("Speaker_1", "Speaker_2"):
        [speaker_id] = {links[label].speaker.speaker_id for links in results}
        assert (await user.get(speaker_id)).sample_count == 8


async def test_concurrent_services_create_one_profile(
    services: ServiceFactory, user: Caller, transcriber: Caller
) -> None:
    async with services.run() as second:
        callers = [transcriber, second.transcriber("session_b")]
        results = await asyncio.gather(
            *(
                callers[number % 2].decide(
                    number,
                    replace(BOB, values=person(2, recording=number)),
                    replace(ANN, values=person(1, recording=number)),
                )
                for number in range(1, 9)
            )
        )
    assert await user.names() == ["Ann", "Bob"]
    assert sum(links["Speaker_2"].created for links in results) == 1
    [speaker_id] = {links["Speaker_1"].speaker.speaker_id for links in results}
    assert (await user.get(speaker_id)).sample_count == 8


async def test_state_depends_only_on_final_decisions(
    transcriber: Caller, database: Database
) -> None:
    """Neither the order of decisions nor revoked ones affect a single bit."""
    final = {
        recording: [
            replace(ANN, values=person(1, recording=recording), seconds=2.0 + recording),
            replace(BOB, values=person(2, recording=recording), seconds=3.0 + recording),
        ]
        for recording in range(1, 6)
    }
    for recording, decisions in final.items():
        await transcriber.decide(recording, *decisions)
    straight = await prototypes(database)

    chance = random.Random(7)
    names = ["Ann", "Bob", "Cy", "Dee"]
    for _ in range(25):
        recording = chance.choice(list(final))
        mistaken = [replace(item, name=chance.choice(names)) for item in final[recording]]
        await transcriber.decide(recording, *mistaken[: chance.randrange(3)])
    for recording in chance.sample(list(final), len(final)):
        await transcriber.decide(recording, *reversed(final[recording]))
    assert await prototypes(database) == straight


@pytest.mark.parametrize(
    ("transcription_id", "decisions", "field"),
    [
        (0, [ANN], "transcription_id"),
        (1, [replace(ANN, label="")], "speaker_label"),
        (1, [ANN, ANN], "speaker_label"),
        (1, [replace(ANN, name=" ")], "name"),
        (1, [replace(ANN, values=[0.0] * 192)], "voiceprint.values"),
        (1, [replace(ANN, model="")], "voiceprint.model"),
        (1, [replace(ANN, clip=b"x", content_type="text/html")], "clip_content_type"),
        (1, [replace(ANN, clip=b"x", content_type="audio/x; a=b")], "clip_content_type"),
        (1, [replace(ANN, clip=b"x" * (2 * 1024 * 1024 + 1))], "clip"),
    ],
)
async def test_invalid_decisions_are_rejected(
    user: Caller, transcriber: Caller, transcription_id: int, decisions: list[Named], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        await transcriber.decide(transcription_id, *decisions)
    assert refused.value.details["field"] == field
    assert await user.names(active_only=False) == []


async def test_decisions_are_applied_atomically(user: Caller, transcriber: Caller) -> None:
    """A voiceprint with an unexpected dimension rolls back the whole call."""
    await transcriber.decide(1, ANN)
    with pytest.raises(ValidationError):
        await transcriber.decide(2, BOB, replace(ANN, values=person(1, dimension=64)))
    assert await user.names() == ["Ann"]
    answer = await user.call("ListSpeakers", speaker_pb2.ListSpeakersRequest())
    assert answer.speakers[0].sample_count == 1
