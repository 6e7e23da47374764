"""Stand-ins for the services behind Envoy. They answer and record every request."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A received request."""

    cluster: str
    path: str
    headers: dict[str, str]


@dataclass(kw_only=True)
class Notebook:
    """Requests received by all stand-ins, in order."""

    entries: list[Seen] = field(default_factory=list)

    def last(self) -> Seen:
        return self.entries[-1]

    def clear(self) -> None:
        self.entries.clear()


STRANGER = "Bearer unknown"


class AnyService(grpc.GenericRpcHandler):
    """Answers every method with one empty message, and strangers with UNAUTHENTICATED, unread."""

    def __init__(self, cluster: str, notebook: Notebook) -> None:
        self._cluster = cluster
        self._notebook = notebook

    def service(self, call: grpc.HandlerCallDetails) -> Any:
        if not call.method.startswith("/securetranscribe."):
            return None
        headers = {key: value for key, value in call.invocation_metadata if isinstance(value, str)}
        seen = Seen(cluster=self._cluster, path=call.method, headers=headers)

        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            if headers.get("authorization") == STRANGER:
                self._notebook.entries.append(seen)
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "unknown token")
            for _ in requests:
                pass
            self._notebook.entries.append(seen)
            yield b""

        return grpc.stream_stream_rpc_method_handler(answer)


class FakeService:
    """A gRPC server on its own port, initially healthy."""

    def __init__(self, cluster: str, notebook: Notebook) -> None:
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers([AnyService(cluster, notebook)])
        self.port = int(self._server.add_insecure_port("127.0.0.1:0"))
        self.healthy(True)
        self._server.start()

    def healthy(self, yes: bool) -> None:
        status = health_pb2.HealthCheckResponse.ServingStatus
        self._health.set("", status.SERVING if yes else status.NOT_SERVING)

    def stop(self) -> None:
        self._server.stop(None).wait()


class FakeGateway:
    """An HTTP server that answers every request with 200 and accepts every upgrade."""

    def __init__(self, notebook: Notebook) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                if not self.path.startswith("/health"):
                    seen = Seen(cluster="gateway-http", path=self.path, headers=headers)
                    notebook.entries.append(seen)
                self.send_response(101 if headers.get("upgrade") == "websocket" else 200)
                if headers.get("upgrade") == "websocket":
                    self.send_header("connection", "upgrade")
                    self.send_header("upgrade", "websocket")
                else:
                    self.send_header("content-length", "4")
                self.end_headers()
                if "upgrade" not in headers:
                    self.wfile.write(b"page")

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def eventually(check: Callable[[], bool], attempts: int = 150, pause: float = 0.1) -> None:
    """Wait until a condition holds, and fail after a timeout."""
    waiting = threading.Event()
    for _ in range(attempts):
        if check():
            return
        waiting.wait(pause)
    raise AssertionError("it did not happen in time")
