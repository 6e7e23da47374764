import json
import time
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common import telemetry
from common.errors import NotFoundError, UnavailableError
from common.grpc_client import (
    as_caller,
    channel,
    idempotent_methods,
    service_config,
    unwrap,
    unwrap_stream,
)
from common.identity import Identity
from common.signing import CallSigner
from tests.integration.common.grpc_service import (
    KINDS,
    NAME,
    RECEIVER,
    SECRET,
    serving,
    settings,
)
from tests.integration.common.tasks.workers import until


def test_configuration_retries_only_named_methods() -> None:
    config = json.loads(service_config(["a.v1.S/Get", "/a.v1.S/List"]))

    (method,) = config["methodConfig"]
    assert method["name"] == [
        {"service": "a.v1.S", "method": "Get"},
        {"service": "a.v1.S", "method": "List"},
    ]
    assert method["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert json.loads(service_config([])) == {"methodConfig": []}


def test_contracts_mark_idempotent_methods() -> None:
    marked = {name.removeprefix("securetranscribe.v1.") for name in idempotent_methods()}

    reads = ("Get", "List", "Search", "Stream")
    writes = {name for name in marked if not name.partition("/")[2].startswith(reads)}
    assert writes == {
        "AccessTokenService/RevokeAccessToken",
        "AccountService/EndOtherSignIns",
        "AccountService/UpdateAccount",
        "AdminService/EncryptRecordings",
        "AdminService/EraseOwner",
        "AdminService/EraseVoice",
        "AuditService/ExportAuditEntries",
        "CaptureService/DiscardCapture",
        "CaptureService/FinishCapture",
        "CaptureService/PutChunk",
        "EmbeddingService/Embed",
        "LibraryService/BulkUpdate",
        "LibraryService/RestoreTranscription",
        "LibraryService/SuggestTitle",
        "LibraryService/TrashTranscription",
        "LibraryService/UpdateFolder",
        "LibraryService/UpdateTag",
        "LibraryService/UpdateTranscription",
        "PlaybackService/ReadPlayback",
        "SessionService/EndSessions",
        "SharingService/ForgetGrantee",
        "SharingService/RevokeLink",
        "SharingService/RevokeShare",
        "SharingService/ShareTranscription",
        "SpeakerService/EmbedClip",
        "SpeakerService/EraseVoices",
        "SpeakerService/EraseWorkspaceVoices",
        "SpeakerService/MatchVoices",
        "SpeakerService/RecognizeVoices",
        "SpeakerService/SetVoiceDecisions",
        "TranscriptService/CompareRevisions",
        "TranscriptService/ReadTranscript",
        "TranscriptionService/EraseWorkspace",
        "UploadService/FinishUpload",
        "VocabularyService/ExportVocabulary",
        "WorkspaceService/RemoveMember",
        "WorkspaceService/SetMember",
        "WorkspaceService/SwitchWorkspace",
        "WorkspaceService/UpdateWorkspaceSettings",
        "WorkspaceSettingsService/ChangeWorkspaceSettings",
        "WorkspaceSettingsService/ReadWorkspaceSettings",
    }
    assert {"TranscriptionService/GetTranscription", "QueueService/ListJobs"} <= marked
    others = ("/UploadTranscription", "/Append", "/Start", "/Cancel", "/Edit", "/Undo")
    assert not {name for name in marked if any(other in name for other in others)}


@pytest.mark.parametrize("name", [f"{NAME}/UnaryUnary", f"/{NAME}/UnaryUnary"])
async def test_idempotent_call_is_retried_while_service_is_unavailable(name: str) -> None:
    async with serving(idempotent=(name,)) as connection:
        assert await connection.call("UnaryUnary", b"flaky") == [b"flaky"]
        assert connection.service.calls == 3


async def test_other_calls_are_not_retried() -> None:
    async with serving(idempotent=(f"{NAME}/Public",)) as connection:
        with pytest.raises(UnavailableError, match="Not yet"):
            await unwrap(connection.start("UnaryUnary", b"flaky"))
        assert connection.service.calls == 1


async def test_other_errors_are_not_retried() -> None:
    async with serving(idempotent=(f"{NAME}/UnaryUnary",)) as connection:
        with pytest.raises(NotFoundError):
            await unwrap(connection.start("UnaryUnary", b"missing"))
        assert connection.service.calls == 1


async def test_retries_end() -> None:
    async with serving(idempotent=(f"{NAME}/UnaryUnary",)) as connection:
        with pytest.raises(UnavailableError):
            await unwrap(connection.start("UnaryUnary", b"away"))
        assert connection.service.calls == 4


async def test_streams_are_unwrapped() -> None:
    async with serving() as connection:
        answers = unwrap_stream(connection.start("UnaryStream", b"who"))
        assert [answer async for answer in answers] == [b"first", b"session_1/"]
        with pytest.raises(NotFoundError):
            async for _ in unwrap_stream(connection.start("UnaryStream", b"missing")):
                pass


async def test_abandoned_stream_is_cancelled() -> None:
    async with serving() as connection:
        answers = unwrap_stream(connection.start("UnaryStream", b"wait"))
        async for _ in answers:
            break
        await answers.aclose()

        await until(lambda: "stream" in connection.service.left)


async def test_missing_service_is_unavailable_soon(unused_port: int) -> None:
    begun = time.monotonic()
    async with channel(settings(), f"127.0.0.1:{unused_port}") as nowhere:
        call: Any = nowhere.unary_unary(f"/{NAME}/UnaryUnary")
        with pytest.raises(UnavailableError):
            await unwrap(call(b"x", timeout=5))
    assert time.monotonic() - begun < 4


async def test_channel_reconnects_to_restarted_service() -> None:
    async with serving() as connection:
        port = connection.server.port
        assert await connection.call("UnaryUnary", b"x") == [b"x"]
        await connection.server.stop(0)
        with pytest.raises(UnavailableError):
            await unwrap(connection.start("UnaryUnary", b"x"))
        again = settings().model_copy(update={"grpc_port": port})
        async with serving(again):
            call: Any = connection.channel.unary_unary(f"/{NAME}/UnaryUnary")
            metadata = (("authorization", "Bearer tok"),)
            assert await call(b"y", metadata=metadata, timeout=10, wait_for_ready=True) == b"y"


async def test_caller_is_passed_on() -> None:
    signer = CallSigner(SECRET, "gateway")
    async with serving() as connection:
        address = f"127.0.0.1:{connection.server.port}"
        async with channel(settings(), address, receiver=RECEIVER, signer=signer) as signing:
            signed = replace(connection, channel=signing)
            token = as_caller(Identity(session_id="session_1", token="tok"))
            # A caller with a signature has no token to pass on, so the channel signs for it.
            service = as_caller(Identity(session_id="session_2", service="exporter"))
            for kind in KINDS:
                assert (await signed.call(kind, b"who", metadata=token))[-1] == b"session_1/"
                answers = await signed.call(kind, b"who", metadata=service)
                assert answers[-1] == b"session_2/gateway"


def id_of(context: trace.SpanContext | None) -> int:
    assert context is not None
    return context.span_id


@pytest.mark.parametrize("kind", KINDS)
async def test_trace_continues_in_the_service(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider()
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    async with serving() as connection:
        with telemetry.tracer().start_as_current_span("here") as span:
            answers = await connection.call(kind, b"trace")
            trace_id = f"{span.get_span_context().trace_id:032x}"

    assert answers[-1].decode() == trace_id

    def finished() -> list[ReadableSpan]:
        """Return the spans of this trace. A gateway of other tests may make some meanwhile."""
        return [
            span
            for span in exporter.get_finished_spans()
            if span.context is not None and f"{span.context.trace_id:032x}" == trace_id
        ]

    await until(lambda: len(finished()) == 3)
    spans = {span.kind.name: span for span in finished()}
    assert spans["CLIENT"].parent == spans["INTERNAL"].context
    assert id_of(spans["SERVER"].parent) == id_of(spans["CLIENT"].context)
    assert spans["CLIENT"].name == spans["SERVER"].name == f"/{NAME}/{kind}"


async def test_largest_message_passes() -> None:
    audio = bytes(64 * 1024 * 1024)
    async with serving() as connection:
        assert await connection.call("UnaryUnary", audio, seconds=30) == [audio]
