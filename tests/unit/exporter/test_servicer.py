"""ExportService with a fake transcriber."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from google.api import httpbody_pb2

from common import identity
from common.errors import StateError, ValidationError
from common.export_formats import EXTENSIONS
from common.identity import Identity
from exporter.changes import Changes
from exporter.diarizer_turns import TurnClient
from exporter.document import Document, SpeakerTurn
from exporter.formats.catalog import FORMATS
from exporter.render_pool import RenderPool
from exporter.revisions import RevisionClient
from exporter.servicer import ExportServicer
from exporter.summary.model import ActionItem, Statement, Summary
from exporter.templates import rendering
from exporter.transcripts import NEWEST, TranscriptClient, Version
from securetranscribe.v1 import export_pb2
from tests.unit.exporter import documents, tracked_documents

CALLER = Identity(session_id="session_a", token="t")
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "rttm": "text/plain; charset=utf-8",
    "zip": "application/zip",
    "textgrid": "text/plain; charset=utf-8",
    "eaf": "application/xml",
    "ctm": "text/plain; charset=utf-8",
    "stm": "text/plain; charset=utf-8",
    "ttml": "application/ttml+xml",
    "fcpxml": "application/xml",
    "edl": "text/plain; charset=utf-8",
    "maxqda": "text/plain; charset=utf-8",
    "atlasti": "text/plain; charset=utf-8",
    "nvivo": "text/plain; charset=utf-8",
}


@dataclass
class FakeTranscripts:
    """Fake of exporter.transcripts.TranscriptClient with one transcript for every caller."""

    document: Document
    asked: list[tuple[Identity, int, bool]] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)

    async def read(
        self, caller: Identity, transcription_id: int, *, words: bool, version: Version = NEWEST
    ) -> Document:
        """Return the transcript. Any other is incomplete."""
        self.asked.append((caller, transcription_id, words))
        self.versions.append(version)
        if transcription_id != self.document.transcription_id:
            raise StateError("not complete")
        return self.document


class FakeRevisions:
    """Fake of exporter.revisions.RevisionClient with one comparison."""

    async def changes(self, caller: Identity, earlier: Document, later: Document) -> Changes:
        """Return the changes."""
        assert caller == CALLER
        assert earlier.transcription_id == later.transcription_id
        return tracked_documents.changes()


class FakeTurns:
    """Fake of exporter.diarizer_turns.TurnClient with one turn."""

    async def turns(self, caller: Identity, transcription_id: int) -> tuple[SpeakerTurn, ...]:
        """Return the turns."""
        assert caller == CALLER
        return (SpeakerTurn(speaker_label="Speaker_9", start=1.0, end=2.5, channel=2),)


async def summarize(document: Document) -> Summary:
    first = document.segments[0]
    item = ActionItem(text="Send it.", segment=first.index, start=first.start, owner="Ada")
    said = Statement(
        text="They met.", segments=(first.index,), speaker="Ada", speaker_label=first.speaker_label
    )
    return Summary(statements=(said,), action_items=(item,), warnings=("Short.",))


@pytest.fixture
def transcripts() -> FakeTranscripts:
    meeting = documents.meeting()
    first = replace(meeting.segments[0], id="1.7")
    return FakeTranscripts(replace(meeting, segments=(first, *meeting.segments[1:]), revision=3))


@contextmanager
def serving(transcripts: FakeTranscripts) -> Iterator[ExportServicer]:
    """Create a servicer for one transcript, and close its threads at the end."""
    with closing(RenderPool(1)) as render_pool, closing(RenderPool(1)) as template_pool:
        yield ExportServicer(
            transcripts=cast(TranscriptClient, transcripts),
            revisions=cast(RevisionClient, FakeRevisions()),
            turns=cast(TurnClient, FakeTurns()),
            render_pool=render_pool,
            template_pool=template_pool,
            summarize=summarize,
        )


@pytest.fixture
def servicer(transcripts: FakeTranscripts) -> Iterator[ExportServicer]:
    with serving(transcripts) as servicer:
        yield servicer


class FakeContext:
    """Context of a call with its metadata and the metadata sent back."""

    def __init__(self, *metadata: tuple[str, str]) -> None:
        self._metadata = metadata
        self.sent: dict[str, str] = {}

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.sent.update(metadata)


async def export(
    servicer: ExportServicer, context: FakeContext | None = None, /, **request: Any
) -> list[httpbody_pb2.HttpBody]:
    identity.use(CALLER)
    message = export_pb2.ExportTranscriptionRequest(**request)
    context = context or FakeContext()
    return [answer async for answer in servicer.ExportTranscription(message, context)]


async def test_plain_http_requests_get_the_name_in_a_header(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    context = FakeContext(("x-envoy-original-path", "/v1/transcriptions/1:export"))
    answers = await export(
        servicer,
        context,
        transcription_id=transcripts.document.transcription_id,
        format=export_pb2.EXPORT_FORMAT_TXT,
    )
    assert context.sent["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert context.sent["content-disposition"].endswith(".txt")
    assert not any(answer.extensions for answer in answers)


async def test_the_first_response_names_the_document(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    document = transcripts.document
    answers = await export(
        servicer,
        transcription_id=document.transcription_id,
        format=export_pb2.EXPORT_FORMAT_TXT,
    )
    metadata = export_pb2.ExportMetadata()
    assert answers[0].extensions[0].Unpack(metadata)
    assert metadata.filename.endswith(".txt")
    assert {answer.content_type for answer in answers} == {"text/plain; charset=utf-8"}
    assert not any(answer.extensions for answer in answers[1:])
    text = b"".join(answer.data for answer in answers).decode()
    assert document.segments[0].text.split()[0] in text
    assert transcripts.asked == [(CALLER, document.transcription_id, False)]


async def test_the_name_has_the_extension_of_the_format(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    number = transcripts.document.transcription_id
    answers = await export(
        servicer, transcription_id=number, format=export_pb2.EXPORT_FORMAT_TEXTGRID
    )
    metadata = export_pb2.ExportMetadata()
    assert answers[0].extensions[0].Unpack(metadata)
    assert metadata.filename == "Weekly meeting-transcript.TextGrid"


async def test_a_template_replaces_the_layout(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    number = transcripts.document.transcription_id
    wanted = {"transcription_id": number, "format": export_pb2.EXPORT_FORMAT_TXT}
    answers = await export(servicer, **wanted, template="{{ title }}")
    assert b"".join(answer.data for answer in answers) == b"Weekly meeting"
    assert answers[0].content_type == "text/plain; charset=utf-8"
    empty = await export(servicer, **wanted, template="{# nothing #}")
    assert [answer.data for answer in empty] == [b""]
    with pytest.raises(ValidationError) as caught:
        await export(servicer, **wanted, template="{{ heading }}")
    assert caught.value.message == "Line 1: 'heading' is undefined"


async def test_endless_templates_do_not_delay_other_exports(
    servicer: ExportServicer, transcripts: FakeTranscripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def rendered(*_: object) -> bytes:
        begun.set()
        ended.wait()
        return b"late"

    monkeypatch.setattr(rendering, "_rendered", rendered)
    wanted = {
        "transcription_id": transcripts.document.transcription_id,
        "format": export_pb2.EXPORT_FORMAT_TXT,
    }
    endless = [
        asyncio.create_task(export(servicer, **wanted, template="{{ title }}")) for _ in range(2)
    ]
    try:
        assert await asyncio.to_thread(begun.wait, 30)
        async with asyncio.timeout(30):
            answers = await export(servicer, **wanted)
        assert b"Good morning" in b"".join(answer.data for answer in answers)
        assert not any(one.done() for one in endless)
    finally:
        ended.set()
        late = await asyncio.gather(*endless)
    assert [answer.data for answers in late for answer in answers] == [b"late", b"late"]


async def test_words_are_read_if_a_format_or_an_option_needs_them(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    identifier = transcripts.document.transcription_id
    await export(servicer, transcription_id=identifier, format=export_pb2.EXPORT_FORMAT_SRT)
    await export(
        servicer,
        transcription_id=identifier,
        format=export_pb2.EXPORT_FORMAT_CSV,
        options=[export_pb2.EXPORT_OPTION_WORDS],
    )
    assert [words for _, _, words in transcripts.asked] == [True, True]


async def test_summaries_are_created_only_on_request(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    wanted = {
        "transcription_id": transcripts.document.transcription_id,
        "format": export_pb2.EXPORT_FORMAT_TXT,
    }
    plain = b"".join(answer.data for answer in await export(servicer, **wanted))
    options = [export_pb2.EXPORT_OPTION_MEETING_SUMMARY]
    rich = b"".join(answer.data for answer in await export(servicer, **wanted, options=options))
    assert b"They met." not in plain
    assert b"They met." in rich


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({}, "format"),
        ({"format": 99}, "format"),
        ({"format": export_pb2.EXPORT_FORMAT_TXT, "options": [77]}, "options"),
    ],
)
async def test_unknown_formats_and_options_are_rejected(
    servicer: ExportServicer, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await export(servicer, transcription_id=1, **wanted)
    assert caught.value.details == {"field": field}


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ({}, NEWEST),
        ({"revision": 3}, Version(revision=3)),
        ({"version": export_pb2.EXPORT_VERSION_MACHINE}, Version(machine=True)),
    ],
)
async def test_a_version_is_read(
    servicer: ExportServicer, transcripts: FakeTranscripts, wanted: dict[str, Any], version: Version
) -> None:
    number = transcripts.document.transcription_id
    await export(servicer, transcription_id=number, format=export_pb2.EXPORT_FORMAT_TXT, **wanted)
    assert transcripts.versions == [version]


@pytest.mark.parametrize(
    ("since", "version"), [(0, Version(machine=True)), (2, Version(revision=2))]
)
async def test_changes_are_tracked_since_a_version(since: int, version: Version) -> None:
    transcripts = FakeTranscripts(replace(tracked_documents.tracked(), changes=None))
    with serving(transcripts) as servicer:
        answers = await export(
            servicer,
            transcription_id=transcripts.document.transcription_id,
            format=export_pb2.EXPORT_FORMAT_MD,
            changes=export_pb2.EXPORT_CHANGES_TRACKED,
            revision=4,
            since_revision=since,
        )
    assert transcripts.versions == [Version(revision=4), version]
    assert b"{~~morning~>evening,~~}" in b"".join(answer.data for answer in answers)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"revision": -1}, "revision"),
        ({"revision": 2, "version": export_pb2.EXPORT_VERSION_MACHINE}, "version"),
        ({"version": 9}, "version"),
        ({"changes": 9}, "changes"),
        ({"changes": export_pb2.EXPORT_CHANGES_TRACKED}, "changes"),
        ({"since_revision": 2}, "since_revision"),
        ({"format": export_pb2.EXPORT_FORMAT_PDF, "template": "x"}, "template"),
        (
            {
                "format": export_pb2.EXPORT_FORMAT_MD,
                "template": "x",
                "changes": export_pb2.EXPORT_CHANGES_TRACKED,
            },
            "template",
        ),
        (
            {
                "format": export_pb2.EXPORT_FORMAT_MD,
                "changes": export_pb2.EXPORT_CHANGES_TRACKED,
                "version": export_pb2.EXPORT_VERSION_MACHINE,
            },
            "changes",
        ),
    ],
)
async def test_contradictory_versions_are_rejected(
    servicer: ExportServicer, transcripts: FakeTranscripts, wanted: dict[str, Any], field: str
) -> None:
    number = transcripts.document.transcription_id
    request = {"transcription_id": number, "format": export_pb2.EXPORT_FORMAT_TXT} | wanted
    with pytest.raises(ValidationError) as caught:
        await export(servicer, **request)
    assert caught.value.details == {"field": field}
    assert transcripts.asked == []


async def test_incomplete_transcripts_are_not_exported(servicer: ExportServicer) -> None:
    with pytest.raises(StateError):
        await export(servicer, transcription_id=-1, format=export_pb2.EXPORT_FORMAT_CSV)


async def test_statements_and_action_items_cite_their_segments(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    identity.use(CALLER)
    request = export_pb2.SummarizeTranscriptionRequest(
        transcription_id=transcripts.document.transcription_id
    )
    answer = await servicer.SummarizeTranscription(request, None)
    first = transcripts.document.segments[0]
    (statement,) = answer.statements
    assert statement.text == "Ada: They met."
    assert list(statement.segment_indexes) == [first.index]
    assert (statement.speaker, statement.speaker_label) == ("Ada", first.speaker_label)
    (source,) = statement.sources
    assert (source.segment_index, source.segment_id) == (first.index, "1.7")
    assert source.start.ToTimedelta().total_seconds() == first.start
    (item,) = answer.action_items
    assert (item.owner, item.segment_index, item.segment_id) == ("Ada", first.index, "1.7")
    assert answer.method == "extractive"
    assert list(answer.warnings) == ["Short."]


async def test_a_revision_is_summarized(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    identity.use(CALLER)
    request = export_pb2.SummarizeTranscriptionRequest(
        transcription_id=transcripts.document.transcription_id, revision=3
    )
    answer = await servicer.SummarizeTranscription(request, None)
    assert transcripts.versions == [Version(revision=3)]
    assert answer.revision == transcripts.document.revision
    request.revision = -1
    with pytest.raises(ValidationError) as caught:
        await servicer.SummarizeTranscription(request, None)
    assert caught.value.details == {"field": "revision"}


async def test_every_format_is_listed_with_its_media_type_and_options(
    servicer: ExportServicer,
) -> None:
    answer = await servicer.ListExportFormats(export_pb2.ListExportFormatsRequest(), None)
    assert {one.name: one.content_type for one in answer.formats} == CONTENT_TYPES
    assert [one.name for one in answer.formats] == list(FORMATS)
    for one in answer.formats:
        assert export_pb2.ExportFormat.Name(one.format) == f"EXPORT_FORMAT_{one.name.upper()}"
        assert len(one.options) == len(FORMATS[one.name].options)
    tracking = {one.name for one in answer.formats if one.tracked_changes}
    assert tracking == {"docx", "md", "zip"}
    assert {one.name for one in answer.formats if one.templates} == {"txt", "md"}
    assert {one.name: one.extension for one in answer.formats} == EXTENSIONS


async def test_rttm_has_the_turns_of_the_diarizer_on_request(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    answers = await export(
        servicer,
        transcription_id=transcripts.document.transcription_id,
        format=export_pb2.EXPORT_FORMAT_RTTM,
        turns=export_pb2.EXPORT_TURNS_DIARIZER,
    )
    text = b"".join(answer.data for answer in answers).decode()
    assert text == "SPEAKER Weekly_meeting 2 1.000 1.500 <NA> <NA> Speaker_9 <NA> <NA>\n"


async def test_other_formats_have_no_turns_of_the_diarizer(
    servicer: ExportServicer, transcripts: FakeTranscripts
) -> None:
    with pytest.raises(ValidationError, match="rttm, zip"):
        await export(
            servicer,
            transcription_id=transcripts.document.transcription_id,
            format=export_pb2.EXPORT_FORMAT_PDF,
            turns=export_pb2.EXPORT_TURNS_DIARIZER,
        )
