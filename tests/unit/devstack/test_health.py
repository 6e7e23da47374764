import asyncio
import http.server
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from devstack.errors import StartError
from devstack.files import DataDirectory
from devstack.health import (
    GrpcProbe,
    HttpProbe,
    Probe,
    TcpProbe,
    probe_from,
    probe_record,
    wait_healthy,
)
from devstack.process import Process, ProcessSpec
from tests.certificates import Authority

Make = Callable[..., Process]
GrpcServer = tuple[str, health.HealthServicer]
STATUS = health_pb2.HealthCheckResponse


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def http_port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def https_port(tmp_path: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*Authority.make(tmp_path / "ca").issue("g", hosts=("elsewhere",)))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def grpc_server() -> Iterator[GrpcServer]:
    servicer = health.HealthServicer()
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}", servicer
        server.stop(None).wait()


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    files = DataDirectory(root=tmp_path)
    files.create()
    made: list[Process] = []

    def make(*command: str) -> Process:
        spec = ProcessSpec(name="thing", command=command, environment={})
        made.append(Process(spec, files))
        made[-1].start()
        return made[-1]

    yield make
    for process in made:
        await process.stop()


class Scripted:
    """Probe with a list of answers. The last one is repeated."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)

    def problem(self) -> str | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_tcp(http_port: int) -> None:
    assert TcpProbe(host="127.0.0.1", port=http_port).problem() is None
    assert TcpProbe(host="127.0.0.1", port=1).problem() == (
        "no answer on port 1 (ConnectionRefusedError)"
    )


def test_http(http_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    probe = HttpProbe(host="127.0.0.1", port=http_port, path="/health")
    assert probe.problem() is None
    other = HttpProbe(host="127.0.0.1", port=http_port, path="/other")
    assert other.problem() == "GET /other returned 503"
    wanted = HttpProbe(host="127.0.0.1", port=http_port, path="/other", expected=(503,))
    assert wanted.problem() is None
    nobody = HttpProbe(host="127.0.0.1", port=1, path="/")
    assert nobody.problem() == "no answer on port 1 (ConnectionRefusedError)"


def test_grpc(grpc_server: GrpcServer) -> None:
    address, servicer = grpc_server
    probe = GrpcProbe(address=address)
    assert probe.problem() is None
    servicer.set("", STATUS.NOT_SERVING)
    assert probe.problem() == "NOT_SERVING"
    assert GrpcProbe(address="127.0.0.1:1").problem() == "no answer on 127.0.0.1:1 (UNAVAILABLE)"


def test_grpc_with_a_missing_certificate(grpc_server: GrpcServer) -> None:
    probe = GrpcProbe(address=grpc_server[0], authority="/nowhere/ca.pem")
    assert probe.problem() == "/nowhere/ca.pem cannot be read (No such file or directory)"


@pytest.mark.parametrize(
    "probe",
    [
        TcpProbe(host="127.0.0.1", port=1),
        HttpProbe(host="127.0.0.1", port=1, path="/", expected=[200, 403]),
        HttpProbe(host="127.0.0.1", port=1, path="/", tls=True),
        GrpcProbe(address="127.0.0.1:1", authority="ca.pem"),
    ],
)
def test_probes_round_trip(probe: Probe) -> None:
    assert probe_from(probe_record(probe)) == probe


def test_other_probes_have_no_record() -> None:
    with pytest.raises(KeyError):
        probe_record(Scripted(None))


async def test_waiting_lasts_until_it_is_healthy(make: Make) -> None:
    probe = Scripted("not yet", "not yet", None)
    await wait_healthy(make("sleep", "60"), probe, seconds=60)
    assert probe.answers == [None]


async def test_waiting_ends_when_the_time_is_over(make: Make) -> None:
    with pytest.raises(StartError, match=r"thing was not healthy within 0\.2 s: too ill"):
        await wait_healthy(make("sleep", "60"), Scripted("too ill"), seconds=0.2)


async def test_a_process_that_ends_is_reported_with_the_end_of_its_log(make: Make) -> None:
    process = make("sh", "-c", "echo one; echo two; exit 3")
    with pytest.raises(StartError, match=r"thing ended \(exit code 3\)") as caught:
        await wait_healthy(process, Scripted("no"), seconds=60)
    assert "  | one\n  | two" in str(caught.value)
    assert str(process.log) in str(caught.value)


async def test_a_process_that_was_killed_is_reported_with_the_signal(make: Make) -> None:
    process = make("sleep", "60")
    process.kill()
    with pytest.raises(StartError, match=r"ended \(signal 9\)\. Its log .* is empty"):
        await asyncio.wait_for(wait_healthy(process, Scripted("no"), seconds=60), 60)


def test_https_is_probed_without_trust_in_its_certificate(https_port: int) -> None:
    assert HttpProbe(host="127.0.0.1", port=https_port, path="/health", tls=True).problem() is None
    other = HttpProbe(host="127.0.0.1", port=https_port, path="/other", tls=True)
    assert other.problem() == "GET /other returned 503"
    plain = HttpProbe(host="127.0.0.1", port=https_port, path="/health")
    assert (plain.problem() or "").startswith("no answer")
