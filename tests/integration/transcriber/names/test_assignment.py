"""Naming speakers, and recognising them."""

import asyncio
from typing import Any

import pytest

from common import bus, events
from common.errors import SpeakerError, StateError, UnavailableError
from common.postgres import Database
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import (
    Peers,
    Workshop,
    diarization,
    gives,
    until,
)

CONFIRMED = transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED
SUGGESTED = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED
NONE = transcription_pb2.SPEAKER_NAME_SOURCE_NONE


@pytest.fixture
async def transcription_id(caller: Caller, workshop: Workshop) -> int:
    """A completed transcription of two speakers."""
    async with workshop.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)
    return number


def names(found: transcription_pb2.Transcription) -> list[str]:
    return [speaker.name for speaker in found.speakers]


def decided(peers: Peers, transcription_id: int) -> dict[str, str]:
    return {
        decision.voice.speaker_label: decision.name
        for decision in peers.speakers.decisions.get(transcription_id, [])
    }


async def test_names_show_everywhere_and_are_told(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada", "speaker_2": " Bob  B "})
    assert answer.speakers_assigned == 2
    assert names(answer.transcription) == ["Ada", "Bob B"]
    found = await caller.get(transcription_id, full=True)
    assert [segment.speaker_name for segment in found.segments] == ["Ada", "Bob B"]
    assert [segment.speaker_label for segment in found.segments] == ["Speaker_1", "Speaker_2"]
    assert [speaker.name_source for speaker in found.speakers] == [CONFIRMED, CONFIRMED]
    assert [speaker.speaker_id for speaker in found.speakers] == [1, 2]
    assert decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Bob B"}
    first = peers.speakers.decisions[transcription_id][0]
    assert list(first.voice.voiceprint.values) == [1, 0, 0, 0]
    assert first.clip.startswith(b"fLaC")
    assert first.clip_content_type == "audio/flac"
    assert peers.speakers.sessions == {"session_a"}


async def test_current_names_are_keys_and_names_can_be_taken_away(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    answer = await caller.assign(transcription_id, {"ada": "Eve", "Bob": ""})
    assert names(answer.transcription) == ["Eve", "Speaker_2"]
    assert decided(peers, transcription_id) == {"Speaker_1": "Eve"}


async def test_swapped_names_can_be_put_right(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Bob", "Speaker_2": "Ada"})
    await caller.assign(transcription_id, {"Bob": "Ada", "Ada": "Bob"})
    assert decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Bob"}


async def test_two_labels_of_one_name_are_one_speaker_until_they_are_parted(
    caller: Caller, transcription_id: int
) -> None:
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada", "Speaker_2": "ada"})
    (speaker,) = answer.transcription.speakers
    assert (speaker.speaker_label, speaker.segment_count) == ("Speaker_1", 2)
    found = await caller.get(transcription_id, full=True)
    assert {segment.speaker_label for segment in found.segments} == {"Speaker_1"}
    answer = await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    assert names(answer.transcription) == ["Ada", "Bob"]


@pytest.mark.parametrize("wanted", [{"Speaker_9": "Ada"}, {"Speaker_1": "Speaker_2"}])
async def test_what_cannot_be_meant_changes_nothing(
    caller: Caller, transcription_id: int, peers: Peers, wanted: dict[str, str]
) -> None:
    with pytest.raises(SpeakerError):
        await caller.assign(transcription_id, wanted)
    assert names(await caller.get(transcription_id)) == ["Speaker_1", "Speaker_2"]
    assert transcription_id not in peers.speakers.decisions


async def test_before_completion_there_is_nobody_to_name(caller: Caller) -> None:
    with pytest.raises(StateError):
        await caller.assign(await caller.upload_id(), {"Speaker_1": "Ada"})


async def test_without_the_service_for_speakers_nothing_changes(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    peers.speakers.down = True
    with pytest.raises(UnavailableError):
        await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert names(await caller.get(transcription_id)) == ["Speaker_1", "Speaker_2"]


async def test_decisions_that_may_not_have_been_heard_are_told_again(
    caller: Caller, transcription_id: int, peers: Peers, database: Database
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    # As if the process had died after telling something else and before noting it.
    peers.speakers.decisions[transcription_id] = []
    await database.execute("UPDATE transcriptions SET decisions_due_at = now()")

    async def told() -> bool:
        return decided(peers, transcription_id) == {"Speaker_1": "Ada"}

    await until(told)

    async def settled() -> bool:
        row = await database.fetch_one("SELECT decisions_due_at FROM transcriptions")
        return row == {"decisions_due_at": None}

    await until(settled)


async def test_known_voices_are_suggested_and_can_be_confirmed(
    caller: Caller, workshop: Workshop, peers: Peers
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with workshop.both():
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Bob"]
    assert [speaker.name_source for speaker in found.speakers] == [NONE, SUGGESTED]
    assert (found.speakers[1].speaker_id, found.speakers[1].match_confidence) == (7, 0.9)
    assert transcription_id not in peers.speakers.decisions
    answer = await caller.assign(transcription_id, {"Bob": "Bob"})
    assert answer.transcription.speakers[1].name_source == CONFIRMED
    assert decided(peers, transcription_id) == {"Speaker_2": "Bob"}


async def test_a_suggestion_gives_way_to_what_a_person_says(
    caller: Caller, workshop: Workshop, peers: Peers
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with workshop.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    answer = await caller.assign(transcription_id, {"Speaker_1": "Bob"})
    assert names(answer.transcription) == ["Bob", "Speaker_2"]


async def test_voices_are_looked_for_later_when_nobody_answers(
    caller: Caller, workshop: Workshop, peers: Peers, database: Database
) -> None:
    peers.speakers.known[0] = (7, "Ada")
    peers.speakers.down = True
    async with workshop.both():
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Speaker_2"]
    assert not found.warnings
    peers.speakers.down = False
    await database.execute("UPDATE transcriptions SET names_due_at = now()")

    async def named() -> bool:
        return names(await caller.get(transcription_id)) == ["Ada", "Speaker_2"]

    await until(named)


async def test_names_hold_on_over_another_diarization(
    caller: Caller, transcription_id: int, workshop: Workshop, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    # The same two people, found the other way round and with other voiceprints.
    other = diarization(("Speaker_2", 0.0, 2.0), ("Speaker_1", 2.0, 4.0))
    async with workshop.worker("diarize", gives(other)):
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_DIARIZE])
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Bob"]

    async def told() -> bool:
        decisions = peers.speakers.decisions[transcription_id]
        return [list(item.voice.voiceprint.values) for item in decisions] == [[0, 1, 0, 0]]

    await until(told)
    assert decided(peers, transcription_id) == {"Speaker_2": "Bob"}


async def test_profiles_are_followed(caller: Caller, transcription_id: int, client: Any) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")
    await publisher.publish(
        event_pb2.Event(speaker_updated=event_pb2.SpeakerUpdated(speaker_id=1, name="Ada Lovelace"))
    )

    async def renamed() -> bool:
        return names(await caller.get(transcription_id)) == ["Ada Lovelace", "Speaker_2"]

    await until(renamed)
    await publisher.publish(
        event_pb2.Event(
            speaker_deleted=event_pb2.SpeakerDeleted(speaker_id=1, merged_into_speaker_id=9)
        )
    )

    async def moved() -> bool:
        return (await caller.get(transcription_id)).speakers[0].speaker_id == 9

    await until(moved)
    await publisher.publish(event_pb2.Event(speaker_deleted=event_pb2.SpeakerDeleted(speaker_id=9)))

    async def unlinked() -> bool:
        return (await caller.get(transcription_id)).speakers[0].speaker_id == 0

    await until(unlinked)
    assert names(await caller.get(transcription_id)) == ["Ada Lovelace", "Speaker_2"]


async def test_a_profile_renamed_a_moment_ago_is_still_meant(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    """The event that tells of the new name is still under way."""
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    peers.speakers.renamed[1] = "Ada Lovelace"
    answer = await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    assert names(answer.transcription) == ["Ada Lovelace", "Bob"]
    told = {item.voice.speaker_label: item for item in peers.speakers.decisions[transcription_id]}
    assert (told["Speaker_1"].speaker_id, told["Speaker_2"].speaker_id) == (1, 0)
    # A person who goes by what the page still shows means the same one.
    swapped = await caller.assign(
        transcription_id, {"Speaker_1": "Bob", "Speaker_2": "Ada Lovelace"}
    )
    assert [speaker.speaker_id for speaker in swapped.transcription.speakers] == [2, 1]
    assert list(peers.speakers.profiles) == ["Ada", "Bob"]


async def test_a_voice_whose_profile_was_deleted_is_remembered_again_only_by_a_person(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    peers.speakers.renamed[1] = ""
    answer = await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    assert names(answer.transcription) == ["Ada", "Bob"]
    assert [speaker.speaker_id for speaker in answer.transcription.speakers] == [0, 2]
    await caller.assign(transcription_id, {"Speaker_2": "Eve"})
    assert decided(peers, transcription_id) == {"Speaker_2": "Eve"}
    peers.speakers.profiles["Ada"] = 9
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert answer.transcription.speakers[0].speaker_id == 9
    assert decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Eve"}


async def test_a_deletion_heard_while_decisions_are_due_waits_for_the_answer(
    caller: Caller, transcription_id: int, peers: Peers, client: Any, database: Database
) -> None:
    """The profile may have vanished only because the lost answer took the name away."""
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    await database.execute("UPDATE transcriptions SET decisions_due_at = now() + interval '1 day'")
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")
    for event in (
        event_pb2.Event(speaker_deleted=event_pb2.SpeakerDeleted(speaker_id=1)),
        event_pb2.Event(speaker_updated=event_pb2.SpeakerUpdated(speaker_id=1, name="Heard")),
    ):
        await publisher.publish(event)

    async def heard() -> bool:
        return names(await caller.get(transcription_id))[0] == "Heard"

    await until(heard)
    peers.speakers.decisions[transcription_id] = []
    await database.execute("UPDATE transcriptions SET decisions_due_at = now()")

    async def told() -> bool:
        return [item.speaker_id for item in peers.speakers.decisions[transcription_id]] == [1]

    await until(told)


async def test_a_suggestion_that_changed_while_names_were_given_is_not_overwritten(
    caller: Caller, workshop: Workshop, peers: Peers, database: Database
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with workshop.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)

    async def renames() -> None:
        await database.execute(
            "UPDATE transcript_speakers SET name = 'Robert' WHERE speaker_id = 7"
        )

    peers.speakers.meanwhile = renames
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert names(answer.transcription) == ["Ada", "Robert"]


def changes_while_asked(peers: Peers, client: Any, change: event_pb2.Event) -> None:
    """Has a profile change after the service for speakers made up its answer, before it is in."""
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")

    async def changes() -> None:
        peers.speakers.meanwhile = None
        await publisher.publish(change)
        await asyncio.sleep(0.5)  # long enough for the change to be followed too early

    peers.speakers.meanwhile = changes


RENAMED = event_pb2.Event(speaker_updated=event_pb2.SpeakerUpdated(speaker_id=7, name="Robert"))
DELETED = event_pb2.Event(speaker_deleted=event_pb2.SpeakerDeleted(speaker_id=7))


@pytest.mark.parametrize(("change", "shown"), [(RENAMED, "Robert"), (DELETED, "Speaker_2")])
async def test_a_profile_that_changes_while_voices_are_looked_for_is_followed(
    caller: Caller,
    workshop: Workshop,
    peers: Peers,
    client: Any,
    change: event_pb2.Event,
    shown: str,
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    changes_while_asked(peers, client, change)
    async with workshop.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)

    async def followed() -> bool:
        return names(await caller.get(transcription_id)) == ["Speaker_1", shown]

    await until(followed)


async def test_a_profile_that_changes_while_names_are_given_is_followed(
    caller: Caller, transcription_id: int, peers: Peers, client: Any
) -> None:
    renamed = event_pb2.SpeakerUpdated(speaker_id=1, name="Ada Lovelace")
    changes_while_asked(peers, client, event_pb2.Event(speaker_updated=renamed))
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def followed() -> bool:
        return names(await caller.get(transcription_id)) == ["Ada Lovelace", "Speaker_2"]

    await until(followed)


async def test_an_event_tells_of_the_names(
    caller: Caller, transcription_id: int, client: Any
) -> None:
    heard: list[event_pb2.Event] = []

    async def hear(message: Any) -> None:
        heard.append(events.parse(message))

    subject = bus.event_subject("session_a", "transcription", transcription_id, "*")
    subscription = await client.subscribe(subject, cb=hear)
    await client.flush()
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def told() -> bool:
        return bool(heard)

    await until(told)
    await subscription.unsubscribe()
    assert heard[0].speakers_assigned.named_speakers == 1
