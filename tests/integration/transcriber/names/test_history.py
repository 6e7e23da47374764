"""Names of speakers in the history of their transcript."""

from dataclasses import dataclass
from typing import Any

import pytest

from common import bus, events
from common.errors import StateError, ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import (
    event_pb2,
    queue_pb2,
    transcript_pb2,
    transcript_pb2_grpc,
    transcription_pb2,
)
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import Peers, WorkerFactory, diarization, gives, until
from tests.nats_clients import flushed

EDIT = transcript_pb2.REVISION_KIND_EDIT
NAMES = transcript_pb2.REVISION_KIND_NAMES
SUGGESTED = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED


@dataclass(frozen=True)
class History:
    """Client of the history of one transcript."""

    stub: Any
    metadata: Any
    transcription_id: int

    async def call(self, name: str, **fields: Any) -> Any:
        """Call a method of TranscriptService."""
        request = getattr(transcript_pb2, f"{name}Request")(
            transcription_id=self.transcription_id, **fields
        )
        return await unwrap(getattr(self.stub, name)(request, metadata=self.metadata))

    async def kinds(self) -> list[tuple[int, int, str]]:
        """Return the revisions, the newest first: number, kind and author."""
        listed = await self.call("ListRevisions")
        return [(item.revision, item.kind, item.author) for item in listed.revisions]


@pytest.fixture
def history(api: Api, caller: Caller, transcription_id: int) -> History:
    stub = transcript_pb2_grpc.TranscriptServiceStub(api.channel)
    return History(stub, caller.metadata, transcription_id)


async def names(caller: Caller, transcription_id: int) -> list[str]:
    return [speaker.name for speaker in (await caller.get(transcription_id)).speakers]


async def sent(peers: Peers, transcription_id: int, expected: dict[str, str]) -> None:
    """Wait until the speakers service holds these names by label."""

    async def arrived() -> bool:
        decisions = peers.speakers.decisions.get(transcription_id)
        return decisions is not None and expected == {
            item.voice.speaker_label: item.name for item in decisions
        }

    await until(arrived)


async def renamed(client: Any, speaker_id: int, name: str) -> None:
    publisher = events.EventPublisher(client, client.jetstream(), source="speakers")
    await publisher.publish(
        event_pb2.Event(speaker_updated=event_pb2.SpeakerUpdated(speaker_id=speaker_id, name=name))
    )


async def test_assignment_is_a_revision_that_can_be_taken_back_and_repeated(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    answer = await caller.assign(transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    assert answer.revision == 2
    listed = await history.call("ListRevisions")
    assert (listed.revisions[0].description, listed.undoable_revision) == ("Name speakers", 2)
    undone = await history.call("UndoEdits")
    assert (undone.revision, undone.undone_revision) == (3, 2)
    assert await names(caller, transcription_id) == ["Speaker_1", "Speaker_2"]
    await sent(peers, transcription_id, {})
    redone = await history.call("RedoEdits")
    assert redone.redone_revision == 2
    assert await names(caller, transcription_id) == ["Ada", "Bob"]
    await sent(peers, transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})


async def test_undo_returns_to_the_name_before(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    await caller.assign(transcription_id, {"Speaker_1": "Eve"})
    await history.call("UndoEdits")
    assert (await names(caller, transcription_id))[0] == "Ada"
    await sent(peers, transcription_id, {"Speaker_1": "Ada"})


async def test_repeated_assignment_changes_nothing(caller: Caller, transcription_id: int) -> None:
    assert (await caller.assign(transcription_id, {"Speaker_1": "Ada"})).revision == 2
    assert (await caller.assign(transcription_id, {"Speaker_1": "Ada"})).revision == 2


async def test_suggestion_returns_when_the_name_is_undone(
    api: Api, caller: Caller, worker_factory: WorkerFactory, peers: Peers
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)
    await caller.assign(number, {"Speaker_2": "Eve"})
    stub = transcript_pb2_grpc.TranscriptServiceStub(api.channel)
    history = History(stub, caller.metadata, number)
    await history.call("UndoEdits")

    async def suggested() -> bool:
        speaker = (await caller.get(number)).speakers[1]
        return (speaker.name, speaker.name_source) == ("Bob", SUGGESTED)

    await until(suggested)
    assert (await history.kinds())[0][1:] == (NAMES, "")


async def test_removed_name_is_not_suggested_again(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers, database: Database
) -> None:
    peers.speakers.known.update({0: (6, "Ann"), 1: (7, "Bob")})
    peers.speakers.down = True
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)
    peers.speakers.down = False
    await caller.assign(number, {"Speaker_2": "Eve"})
    await caller.assign(number, {"Speaker_2": ""})
    await database.execute("UPDATE transcriptions SET names_due_at = now()")

    async def suggested() -> bool:
        return (await names(caller, number))[0] == "Ann"

    await until(suggested)
    assert await names(caller, number) == ["Ann", "Speaker_2"]


async def test_voice_recognized_before_its_name_was_taken_back_has_no_name(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers, database: Database
) -> None:
    peers.speakers.known[1] = (7, "Bob")
    peers.speakers.down = True
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)

    async def taken_back() -> None:
        peers.speakers.known.clear()
        peers.speakers.meanwhile = None
        await database.execute("UPDATE transcriptions SET decisions_asked = decisions_asked + 1")

    peers.speakers.meanwhile = taken_back
    peers.speakers.down = False
    await database.execute("UPDATE transcriptions SET names_due_at = now()")

    async def settled() -> bool:
        due = "SELECT names_due_at FROM transcriptions WHERE id = %s"
        row = await database.fetch_one(due, (number,))
        return row == {"names_due_at": None}

    await until(settled)
    assert peers.speakers.meanwhile is None
    assert await names(caller, number) == ["Speaker_1", "Speaker_2"]


async def test_renamed_profile_makes_a_revision_that_nobody_can_take_back(
    caller: Caller, transcription_id: int, history: History, client: Any
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    await renamed(client, 1, "Ada Lovelace")

    async def followed() -> bool:
        return (await names(caller, transcription_id))[0] == "Ada Lovelace"

    await until(followed)
    assert (await history.kinds())[:2] == [(3, NAMES, ""), (2, EDIT, "session_a")]
    assert (await history.call("ListRevisions")).undoable_revision == 2
    undone = await history.call("UndoEdits")
    assert undone.undone_revision == 2
    assert (await names(caller, transcription_id))[0] == "Speaker_1"


async def test_repeated_name_follows_the_profile_renamed_meanwhile(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    await history.call("UndoEdits")
    await sent(peers, transcription_id, {})
    peers.speakers.renamed[1] = "Ada Lovelace"
    await history.call("RedoEdits")

    async def followed() -> bool:
        return (await names(caller, transcription_id))[0] == "Ada Lovelace"

    await until(followed)


async def assign_on(
    caller: Caller, transcription_id: int, given: dict[str, str], revision: int
) -> Any:
    request = transcription_pb2.AssignSpeakersRequest(
        transcription_id=transcription_id, names=given, revision=revision
    )
    return await unwrap(caller.transcriptions.AssignSpeakers(request, metadata=caller.metadata))


async def test_assignment_on_an_older_revision(
    caller: Caller, transcription_id: int, peers: Peers
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    with pytest.raises(StateError) as caught:
        await assign_on(caller, transcription_id, {"Speaker_1": "Eve"}, 1)
    assert caught.value.details == {
        "reason": "EDIT_CONFLICT",
        "revision": "2",
        "item_id": "Speaker_1",
        "current_text": "Ada",
    }
    assert [item.name for item in peers.speakers.decisions[transcription_id]] == ["Ada"]
    answer = await assign_on(caller, transcription_id, {"Speaker_2": "Bob"}, 1)
    assert answer.revision == 3
    for revision in (-1, 9):
        with pytest.raises(ValidationError):
            await assign_on(caller, transcription_id, {"Speaker_2": "Ann"}, revision)


async def test_restored_revision_has_its_names(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    await caller.assign(transcription_id, {"Speaker_1": "Eve", "Speaker_2": "Bob"})
    await history.call("RestoreRevision", revision=2)
    assert await names(caller, transcription_id) == ["Ada", "Speaker_2"]
    await sent(peers, transcription_id, {"Speaker_1": "Ada"})
    await history.call("UndoEdits")
    assert await names(caller, transcription_id) == ["Eve", "Bob"]


async def edit(history: History, revision: int, **operation: Any) -> int:
    answer = await history.call(
        "EditTranscript",
        revision=revision,
        operations=[transcript_pb2.EditOperation(**operation)],
    )
    return int(answer.revision)


async def voiceprints(peers: Peers, transcription_id: int) -> dict[str, bool]:
    """Return whether decisions have a voiceprint, by label."""
    return {
        item.voice.speaker_label: item.voice.HasField("voiceprint")
        for item in peers.speakers.decisions[transcription_id]
    }


async def test_voice_whose_speech_was_given_to_others_is_unlearned(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    assert await voiceprints(peers, transcription_id) == {"Speaker_1": True}
    page = await history.call("ReadTranscript", include_words=True)
    words = page.segments[0].words
    given = transcript_pb2.SetSpeaker(
        first_word_id=words[0].word_id, last_word_id=words[-1].word_id, speaker_label="Speaker_2"
    )
    await edit(history, 2, set_speaker=given)

    async def unlearned() -> bool:
        return await voiceprints(peers, transcription_id) == {"Speaker_1": False}

    await until(unlearned)
    await history.call("UndoEdits")

    async def learned() -> bool:
        return await voiceprints(peers, transcription_id) == {"Speaker_1": True}

    await until(learned)


@pytest.mark.parametrize("kept", [True, False])
async def test_clip_with_speech_of_others_is_replaced_or_removed(
    caller: Caller,
    transcription_id: int,
    peers: Peers,
    history: History,
    database: Database,
    kept: bool,
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})
    before = peers.speakers.decisions[transcription_id][0].clip
    assert before.startswith(b"fLaC")
    if not kept:
        await database.execute("UPDATE transcriptions SET source_deleted_at = now()")
    word = (await history.call("ReadTranscript", include_words=True)).segments[0].words[0].word_id
    given = transcript_pb2.SetSpeaker(
        first_word_id=word, last_word_id=word, speaker_label="Speaker_2"
    )
    await edit(history, 2, set_speaker=given)

    async def changed() -> Any:
        decision = peers.speakers.decisions[transcription_id][0]
        return decision if decision.clip != before else None

    decision = await until(changed)
    assert decision.voice.HasField("voiceprint")
    assert (decision.clip.startswith(b"fLaC"), decision.clip_gone) == (kept, not kept)


async def test_voice_of_a_merged_speaker_is_that_of_the_other_one(
    caller: Caller, transcription_id: int, peers: Peers, history: History
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    merged = transcript_pb2.MergeSpeakers(speaker_label="Speaker_2", into_speaker_label="Speaker_1")
    await edit(history, 2, merge_speakers=merged)
    await sent(peers, transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Ada"})
    assert await names(caller, transcription_id) == ["Ada"]
    answer = await caller.assign(transcription_id, {"Speaker_2": "Eve"})
    assert [speaker.name for speaker in answer.transcription.speakers] == ["Eve"]
    await history.call("UndoEdits")
    await history.call("UndoEdits")
    await sent(peers, transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    assert await names(caller, transcription_id) == ["Ada", "Bob"]


async def test_edit_made_while_decisions_are_sent_is_not_settled(
    caller: Caller, transcription_id: int, peers: Peers, history: History, database: Database
) -> None:
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def undoes() -> None:
        peers.speakers.meanwhile = None
        await history.call("UndoEdits")

    peers.speakers.meanwhile = undoes
    await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    await sent(peers, transcription_id, {"Speaker_2": "Bob"})
    assert await names(caller, transcription_id) == ["Speaker_1", "Bob"]


async def test_names_are_repeated_on_another_machine_version_and_announced(
    caller: Caller,
    transcription_id: int,
    worker_factory: WorkerFactory,
    history: History,
    client: Any,
) -> None:
    await caller.assign(transcription_id, {"Speaker_2": "Bob"})
    announced: list[event_pb2.TranscriptEdited] = []

    async def hear(message: Any) -> None:
        edited = events.parse(message).transcript_edited
        if edited.kind == transcript_pb2.REVISION_KIND_MACHINE:
            announced.append(edited)

    subject = bus.event_subject("session_a", "transcription", transcription_id, "edited")
    subscription = await client.subscribe(subject, cb=hear)
    await flushed(client)
    other = diarization(("Speaker_2", 0.0, 2.0), ("Speaker_1", 2.0, 4.0))
    async with worker_factory.worker("diarize", gives(other)):
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_DIARIZE])
        await caller.ended(transcription_id)

    async def arrived() -> bool:
        return bool(announced)

    await until(arrived)
    await subscription.unsubscribe()
    listed = await history.call("ListRevisions")
    assert listed.undoable_revision == announced[0].revision == listed.revisions[0].revision
    assert await names(caller, transcription_id) == ["Speaker_1", "Bob"]
    await history.call("UndoEdits")
    assert await names(caller, transcription_id) == ["Speaker_1", "Speaker_2"]
