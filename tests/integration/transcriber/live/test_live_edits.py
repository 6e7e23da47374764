"""Corrections and notes while a recording is made, and what becomes of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.errors import NotFoundError, StateError, ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import (
    imports_pb2,
    imports_pb2_grpc,
    transcript_pb2,
    transcription_pb2,
)
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import TWO_SPEAKERS, WorkerFactory, recognition
from tests.integration.transcriber.live.fake_recognizer import (
    FakeRecognizer,
    RunningRecognizer,
    running,
)
from tests.integration.transcriber.live.living import LiveClient, begin, stream
from tests.integration.transcriber.transcripts.test_reprocessing import Client

_SRT = b"1\n00:00:00,000 --> 00:00:02,000\nw0 two w2 w3\n"
_LIVE_ROWS = "SELECT count(*) AS number FROM live_segments"
#: Of the version before, for the first transcript of a recording.
_OLD_COMPLETION = """
UPDATE transcriptions SET status = 'completed', transcript_at = now(), revision = revision,
    machine_revision = revision
WHERE id = %s RETURNING revision, machine_revision, live_text
"""
#: The whole recording, in which the fourth word is another one.
WHOLE = recognition((0.0, "w0 w1 w2 w3"), (2.0, "x4 w5 w6 w7"))


@pytest.fixture
async def recognizer() -> AsyncIterator[RunningRecognizer]:
    async with running(FakeRecognizer()) as found:
        yield found


@pytest.fixture
async def api(
    apis: ApiFactory, recognizer: RunningRecognizer, database: Database
) -> AsyncIterator[Api]:
    async with apis.run(speech_grpc=recognizer.address) as started:
        yield started


@pytest.fixture
def author(api: Api) -> Client:
    return Client(api, api.caller())


async def spoken(live: LiveClient, first: int, end: int) -> int:
    """Say utterances and return the number of the transcription."""
    await live.say(first, end)
    await live.until(lambda: live.words[-1:] == [f"w{end - 1}"] and live.next_chunk == end)
    return live.begun.transcription_id


async def annotate(author: Client, number: int, text: str, note: str) -> Any:
    """Write a note on a word."""
    read = await author.call("ReadTranscript", transcription_id=number, include_words=True)
    word = next(word.word_id for part in read.segments for word in part.words if word.text == text)
    operation = transcript_pb2.EditOperation(
        add_note=transcript_pb2.AddNote(first_word_id=word, last_word_id=word, text=note)
    )
    return await author.call(
        "EditTranscript",
        transcription_id=number,
        revision=read.revision,
        operations=[operation],
    )


async def notes(author: Client, number: int) -> list[tuple[str, str]]:
    """Return the notes with the words that they are on."""
    read = await author.call("ReadTranscript", transcription_id=number, include_words=True)
    words = {word.word_id: word.text for part in read.segments for word in part.words}
    return [(note.text, words[note.first_word_id]) for note in read.notes]


async def test_edits_survive_the_final_transcript(
    api: Api, author: Client, worker_factory: WorkerFactory
) -> None:
    async with stream(api, begin(auto_start=True)) as live:
        number = await spoken(live, 0, 4)
        assert await author.text(number) == "w0 w1 w2 w3"
        assert await author.replace(number, "w1", "one") == 2
        await annotate(author, number, "w2", "Ask again")
        await spoken(live, 4, 8)
        assert await author.text(number) == "w0 one w2 w3 w4 w5 w6 w7"
        await author.replace(number, "w6", "six")
        await live.finish(8)
        await live.ended()
    # The live text can be edited while the recording waits.
    await annotate(author, number, "w7", "The end")
    async with worker_factory.both(WHOLE, TWO_SPEAKERS):
        found = await api.caller().ended(number)

    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    assert await author.text(number) == "w0 one w2 w3 x4 w5 six w7"
    assert await notes(author, number) == [("Ask again", "w2"), ("The end", "w7")]
    assert len(found.speakers) == 2
    listed = await author.call("ListRevisions", transcription_id=number)
    machine = [
        item.revision
        for item in listed.revisions
        if item.kind == transcript_pb2.REVISION_KIND_MACHINE
    ]
    assert machine == [6, 1]
    assert await author.text(number, 2) == "w0 one w2 w3 w4 w5 w6 w7"


async def test_edits_are_taken_back_and_repeated(api: Api, author: Client) -> None:
    async with stream(api, begin()) as live:
        number = await spoken(live, 0, 4)
        await author.replace(number, "w1", "one")
        await author.call("UndoEdits", transcription_id=number)
        await spoken(live, 4, 8)
        assert await author.text(number) == "w0 w1 w2 w3 w4 w5 w6 w7"
        await author.call("RedoEdits", transcription_id=number)
        assert await author.text(number) == "w0 one w2 w3 w4 w5 w6 w7"


async def test_places_and_speakers_stay_until_the_end(api: Api, author: Client) -> None:
    async with stream(api, begin()) as live:
        number = await spoken(live, 0, 4)
        word = (await author.words(number))[2].word_id
        split = transcript_pb2.EditOperation(
            split_segment=transcript_pb2.SplitSegment(word_id=word)
        )
        speaker = transcript_pb2.EditOperation(
            set_speaker=transcript_pb2.SetSpeaker(
                first_word_id=word, last_word_id=word, speaker_label="Speaker_2"
            )
        )
        for operation in (split, speaker):
            with pytest.raises(StateError) as caught:
                await author.call(
                    "EditTranscript", transcription_id=number, revision=1, operations=[operation]
                )
            assert caught.value.details["reason"] == "LIVE_TEXT"
        with pytest.raises(StateError):
            await author.call("RestoreRevision", transcription_id=number, revision=1)
        with pytest.raises(StateError):
            await api.caller().assign(number, {"Speaker_1": "Ada"})
        assert await author.text(number) == "w0 w1 w2 w3"


async def test_live_text_is_no_transcript(
    api: Api, author: Client, worker_factory: WorkerFactory
) -> None:
    async with stream(api, begin(auto_start=True)) as live:
        number = await spoken(live, 0, 8)
        found = await api.caller().get(number, full=True)
        assert (found.revision, found.full_text, len(found.segments)) == (0, "", 0)
        assert len(found.partial_transcript.segments) == 2
        stub = api.caller().transcriptions
        request = transcription_pb2.StreamTranscriptRequest(transcription_id=number)
        with pytest.raises(StateError):
            await unwrap(stub.StreamTranscript(request, metadata=api.caller().metadata).read())
        await live.finish(8)
        await live.ended()
    async with worker_factory.both(WHOLE, TWO_SPEAKERS):
        found = await api.caller().ended(number)
    # Identifiers of live words name nothing any more.
    assert found.revision == 2
    with pytest.raises(ValidationError, match="revisions 2 to 2"):
        await author.call(
            "EditTranscript",
            transcription_id=number,
            revision=1,
            operations=[
                transcript_pb2.EditOperation(
                    delete_words=transcript_pb2.DeleteWords(first_word_id="1.1", last_word_id="1.1")
                )
            ],
        )


async def test_transcript_of_an_older_replica_follows_live_text(
    api: Api, author: Client, database: Database
) -> None:
    async with stream(api, begin()) as live:
        number = await spoken(live, 0, 4)
        assert await author.replace(number, "w1", "one") == 2
        await live.finish(4)
        await live.ended()
    row = await database.fetch_one(_OLD_COMPLETION, (number,))
    assert row == {"revision": 3, "machine_revision": 3, "live_text": False}
    # A later transcript gets the revision that its replica gives it.
    row = await database.fetch_one(_OLD_COMPLETION, (number,))
    assert row == {"revision": 3, "machine_revision": 3, "live_text": False}


async def test_labels_of_speakers_are_followed(
    api: Api, author: Client, recognizer: RunningRecognizer
) -> None:
    recognizer.fake.labels = True
    async with stream(api, begin()) as live:
        number = await spoken(live, 0, 12)
        await live.until(lambda: len(live.of("speaker")) == 2)
        read = await author.call("ReadTranscript", transcription_id=number)
        assert [part.speaker_label for part in read.segments][:2] == ["Speaker_1", "Speaker_2"]


async def test_imported_text_takes_the_place_of_live_text(
    api: Api, author: Client, database: Database
) -> None:
    async with stream(api, begin()) as live:
        number = await spoken(live, 0, 4)
        await annotate(author, number, "w2", "Ask again")
        await live.finish(4)
        await live.ended()
    stub: Any = imports_pb2_grpc.ImportServiceStub(api.channel)
    request = imports_pb2.ImportTranscriptRequest(transcription_id=number, content=_SRT)
    await unwrap(stub.ImportTranscript(request, metadata=api.caller().metadata))
    found = await api.caller().get(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    assert await author.text(number) == "w0 two w2 w3"
    assert await notes(author, number) == [("Ask again", "w2")]
    assert await database.fetch_all(_LIVE_ROWS) == [{"number": 0}]


async def test_other_recordings_without_a_transcript_have_no_text(api: Api, author: Client) -> None:
    number = await api.caller().upload_id()
    with pytest.raises(NotFoundError):
        await author.text(number)
