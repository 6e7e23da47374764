"""Entry point: a real Envoy in front of stand-ins for the services."""

import contextlib
import importlib
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import grpc
import pytest
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2

from scripts import check_envoy
from tests.ports import free_port
from tests.unit.deploy.upstreams import (
    STRANGER,
    FakeGateway,
    FakeService,
    Notebook,
    eventually,
)

render = check_envoy.load_renderer()
ENVOY = check_envoy.envoy_program()
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
IDENTIFICATION = "/securetranscribe.v1.SessionService/GetCurrentSession"
KNOWN = {"content-type": "application/json", "authorization": "Bearer known"}
OPTIONS = ("-c", "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1")
LOGGING = ("--log-level", "error", "--file-flush-interval-msec", "50")
HIDDEN = {
    "/securetranscribe.v1.SessionService/AuthenticateSession",
    "/securetranscribe.v1.SessionService/EndSessions",
    "/securetranscribe.v1.TranscriptionService/GetSessionStatistics",
    "/securetranscribe.v1.TranscriptionService/DownloadRecording",
    "/securetranscribe.v1.TranscriptionService/EraseWorkspace",
    "/securetranscribe.v1.TranscriptionService/ListWorkspaces",
    "/securetranscribe.v1.DiarizationService/EmbedSpeech",
    "/securetranscribe.v1.SpeakerService/EmbedClip",
    "/securetranscribe.v1.SpeakerService/EraseVoices",
    "/securetranscribe.v1.SpeakerService/EraseWorkspaceVoices",
    "/securetranscribe.v1.SpeakerService/MatchVoices",
    "/securetranscribe.v1.SpeakerService/RecognizeVoices",
    "/securetranscribe.v1.SpeakerService/SetVoiceDecisions",
}
OWNERS = {
    "SessionService": "gateway",
    "AccountService": "gateway",
    "WorkspaceService": "gateway",
    "AccessTokenService": "gateway",
    "TranscriptionService": "transcriber-api",
    "TranscriptService": "transcriber-api",
    "ImportService": "transcriber-api",
    "TurnService": "transcriber-api",
    "ReprocessingService": "transcriber-api",
    "PlaybackService": "transcriber-api",
    "AuditService": "gateway",
    "VocabularyService": "transcriber-api",
    "LibraryService": "transcriber-api",
    "LinkService": "gateway",
    "SharingService": "transcriber-api",
    "SearchService": "transcriber-api",
    "UploadService": "transcriber-api",
    "CaptureService": "transcriber-api",
    "LiveService": "transcriber-api",
    "QueueService": "transcriber-api",
    "SpeechService": "transcriber-worker",
    "DiarizationService": "diarizer",
    "SpeakerService": "speakers",
    "ExportService": "exporter",
}


@dataclass(frozen=True, kw_only=True)
class RunningEnvoy:
    """A running Envoy with its upstreams."""

    port: int
    status_port: int
    log: Path
    notebook: Notebook
    services: dict[str, FakeService]

    def request(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            content = b"" if answer.status == 101 else answer.read()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content
        finally:
            connection.close()

    def call(self, method: str, metadata: tuple[tuple[str, str], ...] = ()) -> grpc.StatusCode:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            try:
                channel.unary_unary(method, _as_is, _as_is)(b"", timeout=10, metadata=metadata)
            except grpc.RpcError as error:
                return error.code()
            return grpc.StatusCode.OK


def _as_is(message: bytes) -> bytes:
    return message


@pytest.fixture(scope="module")
def envoy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEnvoy]:
    if ENVOY is None:
        pytest.fail("there is no envoy program: install requirements-dev.txt")
    notebook = Notebook()
    services = {name: FakeService(name, notebook) for name in render.GRPC_CLUSTERS}
    gateway = FakeGateway(notebook)
    directory = tmp_path_factory.mktemp("envoy")
    ports = {name: free_port() for name in ("listen", "status", "admin")}
    addresses = {name: f"127.0.0.1:{service.port}" for name, service in services.items()}
    edge = render.Edge(
        directory=str(directory),
        addresses=addresses
        | {"gateway-http": f"127.0.0.1:{gateway.port}", "telemetry": f"127.0.0.1:{free_port()}"},
        cors_origins=("https://notes.example",),
        **{name: f"127.0.0.1:{port}" for name, port in ports.items()},
    )
    render.write(edge, directory)
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ENVOY, *OPTIONS, *LOGGING],
            cwd=directory,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    envoy = RunningEnvoy(
        port=ports["listen"],
        status_port=ports["status"],
        log=log,
        notebook=notebook,
        services=services,
    )
    try:
        eventually(lambda: _answers(envoy))
        yield envoy
    finally:
        process.terminate()
        process.wait(20)
        for service in services.values():
            service.stop()
        gateway.stop()


def _answers(envoy: RunningEnvoy) -> bool:
    try:
        return envoy.request("GET", "/")[0] == 200 and all(
            envoy.call(f"/securetranscribe.v1.{service}/Any") is grpc.StatusCode.OK
            for service in OWNERS
        )
    except OSError:
        return False


def methods() -> list[tuple[str, descriptor_pb2.MethodDescriptorProto]]:
    """Yield every method of the public contracts as `service`, descriptor."""
    found = descriptor_pb2.FileDescriptorSet.FromString(render.descriptors())
    return [
        (service.name, method)
        for file in found.file
        if file.package == "securetranscribe.v1"
        for service in file.service
        for method in service.method
    ]


def rules() -> list[tuple[str, str, str]]:
    """Yield every annotated method as gRPC path, HTTP method, HTTP path with values."""
    result = []
    for service, method in methods():
        if method.options.HasExtension(annotations_pb2.http):
            rule = method.options.Extensions[annotations_pb2.http]
            verb = rule.WhichOneof("pattern")
            path = re.sub(r"\{\w+\}", "1", getattr(rule, verb))
            result.append((f"/securetranscribe.v1.{service}/{method.name}", verb.upper(), path))
    return result


@pytest.mark.parametrize(("call", "verb", "path"), rules())
def test_every_annotated_method_is_transcoded_to_its_service(
    envoy: RunningEnvoy, call: str, verb: str, path: str
) -> None:
    envoy.notebook.clear()
    streaming = any(
        method.client_streaming
        for service, method in methods()
        if call.endswith(f"{service}/{method.name}")
    )
    body = "" if verb in ("GET", "DELETE") else "[{}]" if streaming else "{}"
    status, headers, _ = envoy.request(verb, path, body, KNOWN)
    assert status == 200
    seen = envoy.notebook.last()
    assert seen.path == call
    assert seen.cluster == OWNERS[call.split("/")[1].rsplit(".", 1)[1]]
    assert headers.get("server") != "envoy"


@pytest.mark.parametrize(
    ("path", "field", "megabytes", "status"),
    [
        ("/v1/transcriptions/1:edit", "request_id", 1, 200),
        ("/v1/transcriptions/1:edit", "request_id", 3, 413),
        ("/v1/transcripts:replaceText", "query", 3, 413),
        ("/v1/speakers:search", "query", 3, 413),
        ("/v1/speech:recognize", "content", 3, 200),
        ("/v1/diarization:diarize", "content", 3, 200),
        ("/v1/speakers/1:enroll", "content", 3, 200),
        ("/v1/speakers/1:enroll", "content", 25, 413),
        ("/v1/speech:recognize", "content", 97, 413),
    ],
)
def test_only_audio_may_be_large(
    envoy: RunningEnvoy, path: str, field: str, megabytes: int, status: int
) -> None:
    envoy.notebook.clear()
    body = json.dumps({field: "aaaa" * (megabytes * 2**18)})
    answer = envoy.request("POST", path, body, KNOWN)
    assert answer[0] == status
    seen = [each.path for each in envoy.notebook.entries if each.path != IDENTIFICATION]
    assert bool(seen) == (status == 200)


def refusal_before_the_body(envoy: RunningEnvoy, path: str, authorization: str) -> tuple[int, int]:
    """Announce a body, send none of it, and return the statuses of HTTP and gRPC."""
    envoy.notebook.clear()
    with contextlib.closing(HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
        connection.putrequest("POST", path)
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(20 * 2**20))
        if authorization:
            connection.putheader("authorization", authorization)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["code"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/speakers/1:enroll",
        "/v1/speech:recognize",
        "/v1/transcripts:replaceText",
        "/v1/sessions",
    ],
)
def test_large_bodies_of_strangers_are_refused_unread(envoy: RunningEnvoy, path: str) -> None:
    refused = (401, grpc.StatusCode.UNAUTHENTICATED.value[0])
    assert refusal_before_the_body(envoy, path, "") == refused
    assert envoy.notebook.entries == []
    assert refusal_before_the_body(envoy, path, STRANGER) == refused
    asked = [(each.path, each.headers["x-forwarded-for"]) for each in envoy.notebook.entries]
    assert asked == [(IDENTIFICATION, "127.0.0.1")]


def test_streams_of_strangers_are_refused_unread(envoy: RunningEnvoy) -> None:
    refused = (401, grpc.StatusCode.UNAUTHENTICATED.value[0])
    assert refusal_before_the_body(envoy, "/v1/transcriptions:upload", STRANGER) == refused
    assert envoy.notebook.last().path.endswith("/UploadTranscription")


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([{"chunk": "aaaa" * (5 * 2**18)}] * 3, 200),
        # Escapes and braces in strings, at every place of a chunk.
        ([{"note": '\\"}' * 999, "more": {"list": [1, {"b": "{"}]}}] * 2_001, 200),
        ([{"chunk": "aaaa" * (8 * 2**18)}], 400),
        ([{"chunk": "aaaa"}, {"notes": ["}"] * 2**21}], 400),
        (["{", {"chunk": "aaaa" * (5 * 2**18)}], 400),
    ],
)
def test_messages_of_a_stream_have_an_end(
    envoy: RunningEnvoy, messages: list[object], status: int
) -> None:
    with contextlib.closing(HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
        with contextlib.suppress(OSError):  # a refused client may be cut off
            connection.request("POST", "/v1/transcriptions:upload", json.dumps(messages), KNOWN)
        assert connection.getresponse().status == status


@pytest.mark.parametrize(
    ("method", "authorization", "mebibytes", "status"),
    [
        ("POST", "Bearer anybody", 1, 200),
        ("POST", STRANGER, 5, 401),
        ("POST", "", 5, 400),  # dropped as it comes, or else it would be 413
        ("GET", "Bearer anybody", 5, 400),
    ],
)
def test_bodies_of_unknown_length_are_those_of_known_callers(
    envoy: RunningEnvoy, method: str, authorization: str, mebibytes: int, status: int
) -> None:
    path = "/v1/transcripts:replaceText" if method == "POST" else "/v1/queue"
    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    if authorization:
        headers["authorization"] = authorization
    pieces = [b'{"query": "', *[b"a" * 2**15] * (mebibytes * 2**5), b'"}']
    envoy.notebook.clear()
    with contextlib.closing(HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
        with contextlib.suppress(OSError):  # a refused client may be cut off
            connection.request(method, path, iter(pieces), headers, encode_chunked=True)
        assert connection.getresponse().status == status
    seen = [each.path for each in envoy.notebook.entries if each.path != IDENTIFICATION]
    assert bool(seen) == (status == 200)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("kibibytes", "status"), [(2047, 200), (3072, 413)])
def test_large_bodies_of_new_callers_are_read_to_their_end(
    envoy: RunningEnvoy, kibibytes: int, status: int, chunked: bool
) -> None:
    """Most of them is there when the gateway has recognized the token."""
    headers = {**KNOWN, "authorization": f"Bearer of {kibibytes} KiB, chunked: {chunked}"}
    if chunked:
        headers["transfer-encoding"] = "chunked"
    body = f'{{"query": "{"a" * (kibibytes * 2**10)}"}}'.encode()
    sent = iter([body]) if chunked else body
    with contextlib.closing(HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
        with contextlib.suppress(OSError):  # a refused client may be cut off
            path = "/v1/transcripts:replaceText"
            connection.request("POST", path, sent, headers, encode_chunked=chunked)
        assert connection.getresponse().status == status


def test_half_of_a_limit_holds_what_waits_for_the_gateway() -> None:
    door, _ = render.listeners(render.Edge(directory="/", addresses=render.compose_addresses()))
    manager = door["filter_chains"][0]["filters"][0]["typed_config"]
    filters = [
        each["typed_per_filter_config"]["envoy.filters.http.buffer"]["buffer"]
        for each in manager["route_config"]["virtual_hosts"][0]["routes"]
        if "envoy.filters.http.buffer" in each.get("typed_per_filter_config", {})
    ]
    smallest = min(each["max_request_bytes"] for each in filters)
    assert 4 * door["per_connection_buffer_limit_bytes"] <= smallest
    assert 4 * manager["http2_protocol_options"]["initial_stream_window_size"] <= smallest


def test_bodies_that_are_held_have_a_limit_of_time() -> None:
    door, _ = render.listeners(render.Edge(directory="/", addresses=render.compose_addresses()))
    manager = door["filter_chains"][0]["filters"][0]["typed_config"]
    for each in manager["route_config"]["virtual_hosts"][0]["routes"]:
        held = "envoy.filters.http.buffer" in each.get("typed_per_filter_config", {})
        given = each.get("route", {}).get("max_stream_duration", {}).get("max_stream_duration")
        # Methods have none: their streams may be long.
        assert (given in ("120s", "300s", "600s")) if held else given is None, each["match"]


def test_small_bodies_need_no_session(envoy: RunningEnvoy) -> None:
    envoy.notebook.clear()
    body = json.dumps({"user_agent": "a" * 60_000})
    headers = {"content-type": "application/json"}
    assert envoy.request("POST", "/v1/sessions", body, headers)[0] == 200
    assert [each.path.rpartition("/")[2] for each in envoy.notebook.entries] == ["CreateSession"]


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions:resume"])
def test_ended_sessions_are_resumed_with_their_token(envoy: RunningEnvoy, path: str) -> None:
    """A body of unknown length, as HTTP/2 has it, does not make Envoy ask for a session."""
    headers = KNOWN | {"authorization": STRANGER, "transfer-encoding": "chunked"}
    envoy.notebook.clear()
    with contextlib.closing(HTTPConnection("127.0.0.1", envoy.port, timeout=30)) as connection:
        connection.request("POST", path, iter([b"{}"]), headers, encode_chunked=True)
        connection.getresponse().read()
    assert envoy.notebook.entries
    assert all(each.path != IDENTIFICATION for each in envoy.notebook.entries)


def test_callers_are_recognized_for_a_while(envoy: RunningEnvoy) -> None:
    headers = KNOWN | {"authorization": "Bearer of a recorder"}
    body = json.dumps({"data": "aaaa" * 2**15})
    envoy.notebook.clear()
    for number in range(3):
        assert envoy.request("PUT", f"/v1/captures/a/chunks/{number}", body, headers)[0] == 200
    called = [each.path.rpartition("/")[2] for each in envoy.notebook.entries]
    assert called == ["GetCurrentSession", "PutChunk", "PutChunk", "PutChunk"]


def test_large_bodies_wait_for_a_gateway(envoy: RunningEnvoy) -> None:
    body = json.dumps({"content": "aaaa" * 2**15})
    headers = KNOWN | {"authorization": "Bearer not seen before"}

    def status() -> int:
        return envoy.request("POST", "/v1/speech:recognize", body, headers)[0]

    envoy.services["gateway"].healthy(False)
    try:
        eventually(lambda: envoy.call("/securetranscribe.v1.AuditService/Any") is UNAVAILABLE)
        assert status() == 503
    finally:
        envoy.services["gateway"].healthy(True)
    eventually(lambda: status() == 200)


@pytest.mark.parametrize(("megabytes", "status"), [(4, 200), (5, 413)])
def test_chunks_of_captures_fit_in_base64(envoy: RunningEnvoy, megabytes: int, status: int) -> None:
    body = json.dumps({"data": "aaaa" * (megabytes * 2**18)})
    answer = envoy.request("PUT", "/v1/captures/a/chunks/0", body, KNOWN)
    assert answer[0] == status


def test_every_service_of_the_contracts_has_a_route() -> None:
    assert {service for service, _ in methods()} == OWNERS.keys()


@pytest.mark.parametrize("method", sorted(HIDDEN))
def test_internal_methods_are_not_exposed(envoy: RunningEnvoy, method: str) -> None:
    envoy.notebook.clear()
    assert method in {f"/securetranscribe.v1.{s}/{m.name}" for s, m in methods()}
    assert envoy.call(method) is grpc.StatusCode.UNIMPLEMENTED
    assert envoy.notebook.entries == []


def test_administrators_are_not_served_from_outside(envoy: RunningEnvoy) -> None:
    envoy.notebook.clear()
    method = "/securetranscribe.v1.AdminService/GetStorageFigures"
    assert envoy.call(method) is grpc.StatusCode.UNIMPLEMENTED
    assert envoy.notebook.entries == []


def test_unannotated_public_method_is_called_natively(envoy: RunningEnvoy) -> None:
    method = "/securetranscribe.v1.SpeechService/StreamingRecognize"
    assert envoy.call(method) is grpc.StatusCode.OK
    assert envoy.notebook.last().cluster == "transcriber-worker"


def test_clients_cannot_impersonate_a_service(envoy: RunningEnvoy) -> None:
    forged = (
        ("x-service-auth", "v1:gateway:1:00"),
        ("x-session-id", "session_1"),
        ("x-caller", "{}"),
    )
    envoy.call("/securetranscribe.v1.QueueService/GetQueueStatus", forged)
    seen = envoy.notebook.last().headers
    assert "x-service-auth" not in seen
    assert "x-session-id" not in seen
    assert "x-caller" not in seen
    envoy.request("GET", "/api/x", headers=dict(forged))
    assert "x-service-auth" not in envoy.notebook.last().headers


def test_client_addresses_are_not_taken_from_clients(envoy: RunningEnvoy) -> None:
    invented = (("x-forwarded-for", "203.0.113.7"), ("x-workspace-id", "session_1"))
    envoy.call("/securetranscribe.v1.SessionService/CreateSession", invented)
    seen = envoy.notebook.last().headers
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert "x-workspace-id" not in seen
    envoy.request("GET", "/api/x", headers=dict(invented))
    assert envoy.notebook.last().headers["x-forwarded-for"] == "127.0.0.1"


def test_grpc_web_is_translated(envoy: RunningEnvoy) -> None:
    status, headers, content = envoy.request(
        "POST",
        "/securetranscribe.v1.QueueService/GetQueueStatus",
        "\0\0\0\0\0",
        {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    assert status == 200
    assert headers["content-type"].startswith("application/grpc-web")
    assert b"grpc-status:0" in content


@pytest.mark.parametrize(
    "path", ["/", "/api/transcriptions?page=2", "/docs", "/static/app.js", "/v1/nothing"]
)
def test_all_other_paths_are_routed_to_the_gateway(envoy: RunningEnvoy, path: str) -> None:
    status, _, content = envoy.request("GET", path)
    assert (status, content) == (200, b"page")
    assert envoy.notebook.last().cluster == "gateway-http"
    assert envoy.notebook.last().path == path


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        "/securetranscribe.v1.UnknownService/Method",
    ],
)
def test_internal_paths_are_rejected(envoy: RunningEnvoy, path: str) -> None:
    envoy.notebook.clear()
    assert envoy.request("GET", path)[0] == 404
    assert envoy.notebook.entries == []


def test_unknown_query_parameter_is_rejected(envoy: RunningEnvoy) -> None:
    assert envoy.request("GET", "/v1/queue?nonsense=1")[0] == 400


def test_websocket_is_upgraded(envoy: RunningEnvoy) -> None:
    wanted = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    status, headers, _ = envoy.request("GET", "/ws/queue?token=secret", headers=wanted)
    assert status == 101
    assert headers["upgrade"] == "websocket"


def test_trace_starts_at_envoy_and_is_logged_without_the_query(envoy: RunningEnvoy) -> None:
    envoy.request("GET", "/api/logged?token=secret-token")
    trace = envoy.notebook.last().headers["traceparent"].split("-")[1]
    eventually(lambda: trace in envoy.log.read_text())
    lines = envoy.log.read_text().splitlines()
    entry = next(json.loads(line) for line in lines if trace in line)
    assert entry["path"] == "/api/logged"
    assert entry["status"] == 200
    assert entry["method"] == "GET"
    assert "secret-token" not in envoy.log.read_text()


def test_trace_of_the_caller_is_continued(envoy: RunningEnvoy) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    envoy.request("GET", "/v1/queue", headers=headers)
    assert envoy.notebook.last().headers["traceparent"].split("-")[1] == trace


def test_other_origins_are_allowed_only_if_listed(envoy: RunningEnvoy) -> None:
    asked = {"access-control-request-method": "POST"}
    good = {"origin": "https://notes.example", **asked}
    status, headers, _ = envoy.request("OPTIONS", "/v1/queue", headers=good)
    assert status == 200
    assert headers["access-control-allow-origin"] == "https://notes.example"
    headers = envoy.request("GET", "/v1/queue", headers={"origin": good["origin"]})[1]
    assert headers["access-control-allow-origin"] == "https://notes.example"
    bad = {"origin": "https://evil.example", **asked}
    _, headers, _ = envoy.request("OPTIONS", "/v1/queue", headers=bad)
    assert "access-control-allow-origin" not in headers


def test_unready_service_receives_no_requests(envoy: RunningEnvoy) -> None:
    method = "/securetranscribe.v1.ExportService/ListExportFormats"
    envoy.services["exporter"].healthy(False)
    try:
        eventually(lambda: envoy.call(method) is grpc.StatusCode.UNAVAILABLE)
        status, _, content = envoy.request("GET", "/v1/exportFormats")
        assert status == 503
        assert json.loads(content)["error"]["code"] == "SERVICE_UNAVAILABLE"
    finally:
        envoy.services["exporter"].healthy(True)
    eventually(lambda: envoy.call(method) is grpc.StatusCode.OK)


def test_status_port_serves_only_readiness_and_metrics(envoy: RunningEnvoy) -> None:
    def get(path: str) -> int:
        connection = HTTPConnection("127.0.0.1", envoy.status_port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    assert get("/ready") == 200
    assert get("/stats/prometheus") == 200
    assert get("/quitquitquit") == 404
    assert get("/config_dump") == 404


def test_too_many_requests_from_one_address_are_rejected_as_documented(envoy: RunningEnvoy) -> None:
    found: list[tuple[int, bytes]] = []
    limited = threading.Event()

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", envoy.port, timeout=10)
        for _ in range(800):
            if limited.is_set():
                break
            connection.request("GET", "/")
            answer = connection.getresponse()
            found.append((answer.status, answer.read()))
            if answer.status == 429:
                limited.set()
        connection.close()

    # Several at once, so that a slow machine asks faster than the limit recovers.
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status, content = next((one for one in found if one[0] == 429), found[-1])
    assert status == 429
    assert json.loads(content)["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert [code for code, _ in found].count(200) >= 200


def test_descriptor_set_contains_all_contracts() -> None:
    for name in render.CONTRACTS:
        module = importlib.import_module(f"securetranscribe.v1.{name}_pb2")
        found = descriptor_pb2.FileDescriptorSet.FromString(render.descriptors())
        assert module.DESCRIPTOR.name in {file.name for file in found.file}


def test_error_details_can_be_encoded_as_json() -> None:
    found = descriptor_pb2.FileDescriptorSet.FromString(render.descriptors())
    assert "google/rpc/error_details.proto" in {file.name for file in found.file}
