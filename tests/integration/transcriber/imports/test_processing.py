"""Imports and the processing of their recordings, with a running api."""

from typing import Any

import pytest

from common.errors import AuthorizationError, ConflictError, StateError, ValidationError
from common.grpc_client import unwrap
from common.times import seconds
from securetranscribe.v1 import (
    imports_pb2,
    imports_pb2_grpc,
    transcript_pb2,
    transcription_pb2,
    turns_pb2,
    turns_pb2_grpc,
)
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory, diarization
from tests.integration.transcriber.transcripts.test_reprocessing import Client

#: The recordings of these tests last two seconds.
VTT = b"""WEBVTT

00:00.000 --> 00:00.900
<v Ada>Good morning everybody.

00:01.000 --> 00:02.000
<v Bob>Hello to you.
"""
SRT = b"1\n00:00:00,000 --> 00:00:02,000\nGood morning. Hello to you.\n"
TURNS = b"SPEAKER x 1 0 2 <NA> <NA> Cleo <NA> <NA>\n"


@pytest.fixture
def author(api: Api, caller: Caller) -> Client:
    return Client(api, caller)


@pytest.fixture
def service(api: Api) -> Any:
    return imports_pb2_grpc.ImportServiceStub(api.channel)


async def imported(service: Any, author: Client, number: int, content: bytes, **more: Any) -> Any:
    request = imports_pb2.ImportTranscriptRequest(transcription_id=number, content=content, **more)
    call = service.ImportTranscript(request, metadata=author.caller.metadata)
    return await unwrap(call)


async def names(author: Client, number: int) -> list[tuple[str, str]]:
    answer = await author.call("ReadTranscript", transcription_id=number)
    return [(segment.speaker_name, segment.text) for segment in answer.segments]


async def test_a_recording_with_its_transcript_is_processed_later(
    author: Client, service: Any, worker_factory: WorkerFactory
) -> None:
    number = await author.caller.upload_id(auto_start=False)
    made = await imported(service, author, number, VTT)
    assert (made.revision, made.format) == (2, imports_pb2.IMPORT_FORMAT_VTT)
    expected = [("Ada", "Good morning everybody."), ("Bob", "Hello to you.")]
    assert await names(author, number) == expected
    found = await author.caller.get(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    await author.call("ReprocessTranscript", transcription_id=number)
    with pytest.raises(ConflictError):
        await imported(service, author, number, VTT)
    async with worker_factory.both():
        await author.caller.ended(number)
    assert await names(author, number) == expected
    history = await author.call("ListRevisions", transcription_id=number)
    edit, machine = transcript_pb2.REVISION_KIND_EDIT, transcript_pb2.REVISION_KIND_MACHINE
    assert [(one.revision, one.kind, one.description) for one in history.revisions] == [
        (4, edit, "Import transcript"),
        (3, machine, "Recognize speech"),
        (2, edit, "Import transcript"),
        (1, machine, "Recording without a transcript"),
    ]
    assert await author.text(number, 3) == "Good morning. Hello to you."
    await author.call("UndoEdits", transcription_id=number)
    assert await author.text(number) == "Good morning. Hello to you."


async def test_speakers_of_the_recording_go_to_the_words_of_the_file(
    author: Client, service: Any, worker_factory: WorkerFactory
) -> None:
    number = await author.caller.upload_id(auto_start=False)
    await imported(service, author, number, SRT, diarize=True)
    assert len(await names(author, number)) == 1
    await author.call("ReprocessTranscript", transcription_id=number)
    async with worker_factory.both(
        turns=diarization(("Speaker_1", 0.0, 0.95), ("Speaker_2", 0.95, 4.0))
    ):
        await author.caller.ended(number)
    assert [text for _, text in await names(author, number)] == ["Good morning.", "Hello to you."]
    assert len({name for name, _ in await names(author, number)}) == 2


async def test_turns_of_the_diarizer_are_listed(
    api: Api, author: Client, service: Any, worker_factory: WorkerFactory
) -> None:
    number = await author.caller.upload_id(auto_start=False)
    stub: Any = turns_pb2_grpc.TurnServiceStub(api.channel)

    async def turns() -> list[tuple[str, float, float]]:
        request = turns_pb2.ListTurnsRequest(transcription_id=number)
        answer = await unwrap(stub.ListTurns(request, metadata=author.caller.metadata))
        assert answer.model
        return [(one.speaker_label, seconds(one.start), seconds(one.end)) for one in answer.turns]

    await imported(service, author, number, VTT)
    with pytest.raises(StateError, match="no turns of the diarizer"):
        await turns()
    await author.call("ReprocessTranscript", transcription_id=number)
    async with worker_factory.both(
        turns=diarization(("a", 0.0, 2.0), ("b", 1.5, 4.0), ("c", 7.0, 7.5))
    ):
        await author.caller.ended(number)
    expected = [("Speaker_1", 0.0, 2.0), ("Speaker_2", 1.5, 4.0), ("c", 7.0, 7.5)]
    assert await turns() == expected
    await imported(service, author, number, TURNS)
    assert len({name for name, _ in await names(author, number)}) == 1
    assert await turns() == expected


async def test_only_editors_import(api: Api, author: Client, service: Any) -> None:
    number = await author.caller.upload_id(auto_start=False)
    viewer = Client(api, api.caller("a;user=ann;role=viewer"))
    with pytest.raises(AuthorizationError):
        await imported(service, viewer, number, VTT)


async def test_damaged_requests_are_refused(author: Client, service: Any) -> None:
    number = await author.caller.upload_id(auto_start=False)
    for content in (b"\x1f\x8bxx", b"no format"):
        with pytest.raises(ValidationError):
            await imported(service, author, number, content)
    with pytest.raises(ValidationError):
        await imported(service, author, number, VTT, revision=-1)
    found = await author.caller.get(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_PENDING
