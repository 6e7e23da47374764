"""Assignments and suggestions of names."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from common import bus, events
from common.errors import SpeakerError, StateError, UnavailableError
from common.postgres import Database
from securetranscribe.v1 import event_pb2, queue_pb2, transcript_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import (
    Peers,
    WorkerFactory,
    diarization,
    gives,
    until,
)
from tests.nats_clients import flushed
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names.clips import ClipStore
from transcriber.store import locks

CONFIRMED = transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED
SUGGESTED = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED
NONE = transcription_pb2.SPEAKER_NAME_SOURCE_NONE


def names(found: transcription_pb2.Transcription) -> list[str]:
    return [speaker.name for speaker in found.speakers]


def decided(peers: Peers, transcription_id: int) -> dict[str, str]:
    return {
        decision.voice.speaker_label: decision.name
        for decision in peers.speakers.decisions.get(transcription_id, [])
    }


async def test_assigned_names_are_shown_and_sent(
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


async def test_current_names_are_keys_and_names_can_be_removed(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    answer = await caller.assign(transcription_id, {"ada": "Eve", "Bob": ""})
    assert names(answer.transcription) == ["Eve", "Speaker_2"]
    assert decided(peers, transcription_id) == {"Speaker_1": "Eve"}


async def test_swapped_names_can_be_corrected(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Bob", "Speaker_2": "Ada"})
    await caller.assign(transcription_id, {"Bob": "Ada", "Ada": "Bob"})
    assert decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Bob"}


async def test_labels_with_same_name_are_one_speaker_until_renamed(
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
async def test_invalid_assignment_changes_nothing(
    caller: Caller, transcription_id: int, peers: Peers, wanted: dict[str, str]
) -> None:
    with pytest.raises(SpeakerError):
        await caller.assign(transcription_id, wanted)
    assert names(await caller.get(transcription_id)) == ["Speaker_1", "Speaker_2"]
    assert transcription_id not in peers.speakers.decisions


async def test_assignment_before_completion_is_rejected(caller: Caller) -> None:
    with pytest.raises(StateError):
        await caller.assign(await caller.upload_id(), {"Speaker_1": "Ada"})


async def test_assignment_without_speakers_service_changes_nothing(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    peers.speakers.down = True
    with pytest.raises(UnavailableError):
        await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert names(await caller.get(transcription_id)) == ["Speaker_1", "Speaker_2"]


async def test_due_decisions_are_sent_again(
    caller: Caller, transcription_id: int, peers: Peers, database: Database
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    # As if the process had died after sending other decisions and before storing the names.
    peers.speakers.decisions[transcription_id] = []
    await database.execute("UPDATE transcriptions SET decisions_due_at = now()")

    async def sent() -> bool:
        return decided(peers, transcription_id) == {"Speaker_1": "Ada"}

    await until(sent)

    async def settled() -> bool:
        row = await database.fetch_one("SELECT decisions_due_at FROM transcriptions")
        return row == {"decisions_due_at": None}

    await until(settled)


async def test_known_voices_are_suggested_and_can_be_confirmed(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Bob"]
    assert [speaker.name_source for speaker in found.speakers] == [NONE, SUGGESTED]
    assert (found.speakers[1].speaker_id, found.speakers[1].match_confidence) == (7, 0.9)
    assert transcription_id not in peers.speakers.decisions
    answer = await caller.assign(transcription_id, {"Bob": "Bob"})
    assert answer.transcription.speakers[1].name_source == CONFIRMED
    assert decided(peers, transcription_id) == {"Speaker_2": "Bob"}


async def test_assignment_replaces_suggestion(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    answer = await caller.assign(transcription_id, {"Speaker_1": "Bob"})
    assert names(answer.transcription) == ["Bob", "Speaker_2"]


async def test_names_are_suggested_late_after_outage_of_speakers_service(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers, database: Database
) -> None:
    peers.speakers.known[0] = (7, "Ada")
    peers.speakers.down = True
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Speaker_2"]
    assert not found.warnings
    peers.speakers.down = False
    await database.execute("UPDATE transcriptions SET names_due_at = now()")

    async def named() -> bool:
        return names(await caller.get(transcription_id)) == ["Ada", "Speaker_2"]

    await until(named)


async def test_assigned_names_survive_another_diarization(
    caller: Caller, transcription_id: int, worker_factory: WorkerFactory, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    # The same two people with swapped labels and other voiceprints.
    other = diarization(("Speaker_2", 0.0, 2.0), ("Speaker_1", 2.0, 4.0))
    async with worker_factory.worker("diarize", gives(other)):
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_DIARIZE])
        found = await caller.ended(transcription_id)
    assert names(found) == ["Speaker_1", "Bob"]

    async def sent() -> bool:
        decisions = peers.speakers.decisions[transcription_id]
        return [list(item.voice.voiceprint.values) for item in decisions] == [[0, 1, 0, 0]]

    await until(sent)
    assert decided(peers, transcription_id) == {"Speaker_2": "Bob"}


async def test_changes_of_profiles_are_followed(
    caller: Caller, transcription_id: int, client: Any
) -> None:
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
    # A profile of a workspace is announced under the subject of the workspace.
    deleted = event_pb2.SpeakerDeleted(speaker_id=9)
    await publisher.publish(event_pb2.Event(workspace_id="team", speaker_deleted=deleted))

    async def unlinked() -> bool:
        return (await caller.get(transcription_id)).speakers[0].speaker_id == 0

    await until(unlinked)
    assert names(await caller.get(transcription_id)) == ["Ada Lovelace", "Speaker_2"]


async def test_name_of_just_renamed_profile_means_that_profile(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    """The event with the new name has not arrived yet."""
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    peers.speakers.renamed[1] = "Ada Lovelace"
    answer = await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    assert names(answer.transcription) == ["Ada Lovelace", "Bob"]
    sent = {item.voice.speaker_label: item for item in peers.speakers.decisions[transcription_id]}
    assert (sent["Speaker_1"].speaker_id, sent["Speaker_2"].speaker_id) == (1, 0)
    # A person who sees the old name on the page means the same profile.
    swapped = await caller.assign(
        transcription_id, {"Speaker_1": "Bob", "Speaker_2": "Ada Lovelace"}
    )
    assert [speaker.speaker_id for speaker in swapped.transcription.speakers] == [2, 1]
    assert list(peers.speakers.profiles) == ["Ada", "Bob"]


async def test_voice_of_deleted_profile_is_learned_again_only_by_assignment(
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


async def test_restored_profile_is_linked_again(
    caller: Caller, transcription_id: int, client: Any, peers: Peers, database: Database
) -> None:
    """Also where an answer of the speakers service came before the event of the deletion."""
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    peers.speakers.renamed[1] = ""
    await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")
    gone = event_pb2.SpeakerDeleted(speaker_id=1, restorable=True)
    await publisher.publish(event_pb2.Event(speaker_deleted=gone))
    del peers.speakers.renamed[1]
    back = event_pb2.SpeakerRestored(speaker_id=1, name="Ada")
    await publisher.publish(event_pb2.Event(speaker_restored=back))

    async def linked() -> bool:
        return [item.speaker_id for item in (await caller.get(transcription_id)).speakers] == [1, 2]

    await until(linked)

    async def told() -> bool:
        return decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Bob"}

    await until(told)
    assert await database.fetch_one("SELECT FROM erasures WHERE kind = 'voice'") is None
    for_good = event_pb2.SpeakerDeleted(speaker_id=1)
    await publisher.publish(event_pb2.Event(speaker_deleted=for_good))

    async def erased() -> bool:
        row = await database.fetch_one("SELECT FROM erasures WHERE kind = 'voice'")
        return row is not None

    await until(erased)


async def test_deleted_profile_stays_linked_while_decisions_are_due(
    caller: Caller, transcription_id: int, peers: Peers, client: Any, database: Database
) -> None:
    """The profile may have been deleted only because of the decisions with the lost answer."""
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

    async def sent() -> bool:
        return [item.speaker_id for item in peers.speakers.decisions[transcription_id]] == [1]

    await until(sent)


async def test_suggestion_renamed_during_assignment_is_not_overwritten(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers, database: Database
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with worker_factory.both():
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
    """Change a profile between the answer of the speakers service and its arrival."""
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")

    async def changes() -> None:
        peers.speakers.meanwhile = None
        await publisher.publish(change)
        await asyncio.sleep(0.5)  # Enough for the change to be followed too early.

    peers.speakers.meanwhile = changes


RENAMED = event_pb2.Event(speaker_updated=event_pb2.SpeakerUpdated(speaker_id=7, name="Robert"))
DELETED = event_pb2.Event(speaker_deleted=event_pb2.SpeakerDeleted(speaker_id=7))


@pytest.mark.parametrize(("change", "shown"), [(RENAMED, "Robert"), (DELETED, "Speaker_2")])
async def test_profile_changed_during_recognition_is_followed(
    caller: Caller,
    worker_factory: WorkerFactory,
    peers: Peers,
    client: Any,
    change: event_pb2.Event,
    shown: str,
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    changes_while_asked(peers, client, change)
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)

    async def followed() -> bool:
        return names(await caller.get(transcription_id)) == ["Speaker_1", shown]

    await until(followed)


async def test_profile_changed_during_assignment_is_followed(
    caller: Caller, transcription_id: int, peers: Peers, client: Any
) -> None:
    renamed = event_pb2.SpeakerUpdated(speaker_id=1, name="Ada Lovelace")
    changes_while_asked(peers, client, event_pb2.Event(speaker_updated=renamed))
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def followed() -> bool:
        return names(await caller.get(transcription_id)) == ["Ada Lovelace", "Speaker_2"]

    await until(followed)


async def test_assignment_publishes_event(
    caller: Caller, transcription_id: int, client: Any
) -> None:
    heard: list[event_pb2.Event] = []

    async def hear(message: Any) -> None:
        heard.append(events.parse(message))

    subject = bus.event_subject("session_a", "transcription", transcription_id, "*")
    subscription = await client.subscribe(subject, cb=hear)
    await flushed(client)
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def arrived() -> bool:
        return len(heard) == 2

    await until(arrived)
    await subscription.unsubscribe()
    edited, assigned = heard
    assert assigned.speakers_assigned.named_speakers == 1
    assert (edited.workspace_id, edited.transcript_edited) == (
        "session_a",
        event_pb2.TranscriptEdited(
            transcription_id=transcription_id,
            revision=2,
            kind=transcript_pb2.REVISION_KIND_EDIT,
            author="session_a",
        ),
    )


_LOCKS_OF_NAMES = """
SELECT count(*) AS locks FROM pg_locks
WHERE locktype = 'advisory'
  AND (classid::bigint << 32 | objid::bigint) = hashtextextended('transcriber ' || %s, 0)
"""


def before_clips(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Awaitable[None]]) -> None:
    """Run an action before the first clip is read."""
    find = ClipStore.find
    actions = [action]

    async def acting(
        self: ClipStore, transcription: Transcription, speaker: TranscriptSpeaker
    ) -> bytes:
        if actions:
            await actions.pop()()
        return await find(self, transcription, speaker)

    monkeypatch.setattr(ClipStore, "find", acting)


async def test_names_are_not_locked_while_clips_are_read(
    caller: Caller, transcription_id: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    async def look() -> None:
        seen.append(await database.fetch_one(_LOCKS_OF_NAMES, (locks.names_of(transcription_id),)))

    before_clips(monkeypatch, look)
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert seen == [{"locks": 0}]


async def test_assignment_made_while_clips_are_read_is_sent_too(
    caller: Caller, transcription_id: int, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def assign_other() -> None:
        await caller.assign(transcription_id, {"Speaker_2": "Bob"})

    before_clips(monkeypatch, assign_other)
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert names(answer.transcription) == ["Ada", "Bob"]
    assert decided(peers, transcription_id) == {"Speaker_1": "Ada", "Speaker_2": "Bob"}
    sent = peers.speakers.decisions[transcription_id]
    assert all(decision.clip.startswith(b"fLaC") for decision in sent)
