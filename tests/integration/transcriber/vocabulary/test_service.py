"""VocabularyService over gRPC, from a term to a corrected transcript."""

from typing import Any

import pytest

from common.errors import ConflictError, NotFoundError, ResourceExhaustedError, ValidationError
from common.grpc_client import unwrap
from common.postgres import Database
from securetranscribe.v1 import (
    transcript_pb2,
    transcript_pb2_grpc,
    vocabulary_pb2,
    vocabulary_pb2_grpc,
)
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import WorkerFactory
from tests.integration.transcriber.recordings.test_erasure import erase_workspace
from transcriber.vocabulary import entries

_LEFT = """
SELECT (SELECT count(*) FROM vocabulary_terms) + (SELECT count(*) FROM vocabulary_corrections)
     + (SELECT count(*) FROM vocabulary_dismissals) AS total
"""
_MANY = """
INSERT INTO vocabulary_terms (workspace_id, text, key, language)
SELECT 'session_a', 'term ' || number, 'term ' || number, '' FROM generate_series(1, %s) AS number
"""


class Vocabulary:
    """Calls of one session."""

    def __init__(self, api: Api, caller: Caller) -> None:
        self._stub = vocabulary_pb2_grpc.VocabularyServiceStub(api.channel)
        self._metadata = caller.metadata

    async def ask(self, method: str, **fields: Any) -> Any:
        """Call a method with the fields of its request."""
        request = getattr(vocabulary_pb2, f"{method}Request")(**fields)
        return await unwrap(getattr(self._stub, method)(request, metadata=self._metadata))


@pytest.fixture
def own(api: Api) -> Vocabulary:
    return Vocabulary(api, api.caller("a"))


@pytest.fixture
def stranger(api: Api) -> Vocabulary:
    return Vocabulary(api, api.caller("b"))


async def test_terms(own: Vocabulary, stranger: Vocabulary) -> None:
    added = (await own.ask("CreateTerm", text=" Kubernetes ", language="en-US")).term
    assert (added.text, added.language, added.transcript_count) == ("Kubernetes", "en", 0)
    with pytest.raises(ConflictError, match="already"):
        await own.ask("CreateTerm", text="KUBERNETES", language="en")
    other = (await own.ask("CreateTerm", text="Kubernetes")).term
    listed = await own.ask("ListTerms", limit=1)
    assert ([term.term_id for term in listed.terms], listed.total) == ([other.term_id], 2)
    with pytest.raises(ConflictError):
        await own.ask("UpdateTerm", term_id=other.term_id, text="kubernetes", language="en")
    changed = (await own.ask("UpdateTerm", term_id=other.term_id, text="kubectl")).term
    assert changed.text == "kubectl"
    for method, fields in (("UpdateTerm", {"text": "x"}), ("DeleteTerm", {})):
        with pytest.raises(NotFoundError):
            await stranger.ask(method, term_id=other.term_id, **fields)
    assert (await stranger.ask("ListTerms")).total == 0
    await own.ask("DeleteTerm", term_id=other.term_id)
    with pytest.raises(NotFoundError):
        await own.ask("DeleteTerm", term_id=other.term_id)


async def test_corrections(own: Vocabulary, stranger: Vocabulary) -> None:
    added = (
        await own.ask("CreateCorrection", heard="cooper netties", meant="Kubernetes")
    ).correction
    with pytest.raises(ConflictError, match="already"):
        await own.ask("CreateCorrection", heard="Cooper Netties", meant="other")
    exact = (
        await own.ask("CreateCorrection", heard="Smyth", meant="Smith", match_case=True)
    ).correction
    with pytest.raises(ConflictError):
        await own.ask(
            "UpdateCorrection", correction_id=exact.correction_id, heard="cooper netties", meant="x"
        )
    with pytest.raises(ValidationError):
        await own.ask("CreateCorrection", heard="...", meant="x")
    for method, fields in (
        ("UpdateCorrection", {"heard": "x", "meant": "y"}),
        ("DeleteCorrection", {}),
    ):
        with pytest.raises(NotFoundError):
            await stranger.ask(method, correction_id=added.correction_id, **fields)
    listed = await own.ask("ListCorrections")
    assert [item.heard for item in listed.corrections] == ["Smyth", "cooper netties"]
    await own.ask("DeleteCorrection", correction_id=added.correction_id)
    assert (await own.ask("ListCorrections")).total == 1


async def test_tables(own: Vocabulary, stranger: Vocabulary) -> None:
    table = "type,heard,meant\nterm,,Kubernetes\ncorrection,Smyth,Smith\n"
    first = await own.ask("ImportVocabulary", csv=table)
    assert (first.added_terms, first.added_corrections, first.skipped) == (1, 1, 0)
    again = await own.ask("ImportVocabulary", csv=f"{table}correction,cube cuttle,kubectl\n")
    assert (again.added_terms, again.added_corrections, again.skipped) == (0, 1, 2)
    with pytest.raises(ValidationError) as caught:
        await own.ask("ImportVocabulary", csv=f"{table}term,,new\nrule,a,b\n")
    assert caught.value.details["row"] == "5"
    assert (await own.ask("ListTerms")).total == 1
    exported = (await own.ask("ExportVocabulary")).csv
    copied = await stranger.ask("ImportVocabulary", csv=exported)
    assert (copied.added_terms, copied.added_corrections) == (1, 2)


async def test_limits(own: Vocabulary, database: Database) -> None:
    await database.execute(_MANY, (entries.MOST_TERMS,))
    with pytest.raises(ResourceExhaustedError, match=str(entries.MOST_TERMS)):
        await own.ask("CreateTerm", text="one more")
    assert (await own.ask("ListTerms")).total == entries.MOST_TERMS


async def test_a_new_recording_is_recognized_and_corrected_with_the_vocabulary(
    api: Api, own: Vocabulary, worker_factory: WorkerFactory, database: Database
) -> None:
    caller = api.caller("a")
    plain = await caller.upload_id(auto_start=True)
    async with worker_factory.both():
        heard = (await caller.ended(plain)).segments[0].text.split()[0].strip(".,!?")
        await own.ask("CreateTerm", text="Kubernetes")
        await own.ask("CreateTerm", text="Eigenname", language="de")
        await own.ask("CreateCorrection", heard=heard, meant="Corrected")
        number = await caller.upload_id(auto_start=True)
        found = await caller.ended(number)
    tasks = {
        task.transcription_id: list(task.transcribe.config.phrases)
        for task in worker_factory.done
        if task.HasField("transcribe")
    }
    assert tasks == {plain: [], number: ["Kubernetes"]}
    assert found.segments[0].text.startswith("Corrected")
    transcripts = transcript_pb2_grpc.TranscriptServiceStub(api.channel)
    listed = await unwrap(
        transcripts.ListRevisions(
            transcript_pb2.ListRevisionsRequest(transcription_id=number), metadata=caller.metadata
        )
    )
    newest = listed.revisions[0]
    assert newest.kind == transcript_pb2.REVISION_KIND_VOCABULARY
    assert (newest.author, newest.own, newest.description) == (
        "vocabulary",
        False,
        "Apply vocabulary",
    )
    assert listed.undoable_revision == 0
    undone = await own.ask("UndoVocabulary", transcription_id=number)
    assert undone.undone_revision == newest.revision
    assert (await caller.get(number, full=True)).segments[0].text.startswith(heard)
    assert (await own.ask("ApplyVocabulary", transcription_id=number)).count >= 1
    assert await erase_workspace(api, "session_a") == 2
    assert (await database.fetch_one(_LEFT)) == {"total": 0}
