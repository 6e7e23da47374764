import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from common import healthcheck
from tests.certificates import Authority

Status = health_pb2.HealthCheckResponse


class Health:
    """gRPC server with a health chosen by the test."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self._servicer = health.HealthServicer()
        self._server = grpc.server(ThreadPoolExecutor(2))
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, self._server)
        if credentials is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    def say(self, status: int) -> None:
        self._servicer.set("", status)

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def server() -> Iterator[Health]:
    running = Health()
    yield running
    running.stop()


def test_serving_server_is_healthy(server: Health) -> None:
    server.say(Status.SERVING)
    assert healthcheck.main([], {"GRPC_PORT": str(server.port)}) == 0


def test_draining_server_is_not_healthy(server: Health, capsys: pytest.CaptureFixture[str]) -> None:
    server.say(Status.NOT_SERVING)
    assert healthcheck.main([], {"GRPC_PORT": str(server.port)}) == 1
    assert "NOT_SERVING" in capsys.readouterr().err


def test_every_named_address_must_be_healthy(
    server: Health, capsys: pytest.CaptureFixture[str]
) -> None:
    server.say(Status.SERVING)
    good = f"127.0.0.1:{server.port}"
    assert healthcheck.main([good, good], {}) == 0
    assert healthcheck.main([good, "127.0.0.1:1", "--timeout", "1"], {}) == 1
    assert capsys.readouterr().err.startswith("127.0.0.1:1: ")


def test_own_http_server_can_be_checked(server: Health, capsys: pytest.CaptureFixture[str]) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        server.say(Status.SERVING)
        environment = {"GRPC_PORT": str(server.port), "PORT": str(web.server_port)}
        assert healthcheck.main(["--http", "/health"], environment) == 0
        assert healthcheck.main(["--http", "/other"], environment) == 1
        assert "/other: answered 503" in capsys.readouterr().err
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """Return an authority and a certificate for `gateway`, not for 127.0.0.1."""
    authority = Authority.make(tmp_path / "authority")
    certificate, key = authority.issue("gateway", hosts=("gateway",))
    return {
        "GRPC_TLS_CERT": str(certificate),
        "GRPC_TLS_KEY": str(key),
        "GRPC_TLS_CA": str(authority.certificate),
    }


def test_server_with_mutual_tls_is_checked_with_the_own_certificate(
    certificates: dict[str, str],
) -> None:
    key, chain, authority = (
        Path(certificates[f"GRPC_TLS_{name}"]).read_bytes() for name in ("KEY", "CERT", "CA")
    )
    server = Health(
        grpc.ssl_server_credentials([(key, chain)], authority, require_client_auth=True)
    )
    try:
        server.say(Status.SERVING)
        environment = {"GRPC_PORT": str(server.port), **certificates}
        assert healthcheck.main([], environment) == 0
        assert healthcheck.main(["--timeout", "1"], {"GRPC_PORT": str(server.port)}) == 1
    finally:
        server.stop()


def test_check_imports_no_heavy_modules() -> None:
    heavy = "{'pydantic', 'structlog', 'opentelemetry', 'nats', 'torch'}"
    code = f"import sys, common.healthcheck; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
