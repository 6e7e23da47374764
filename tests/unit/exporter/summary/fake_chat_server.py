"""Chat completions server with scripted replies."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """Reply of the server: a text by default, or a status with a body."""

    text: str = ""
    status: int = 200
    finish_reason: str = "stop"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """Request received by the server."""

    path: str
    authorization: str | None
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        return str(self.body["messages"][1]["content"])


Behavior = Callable[[Request], Reply]


@dataclass
class FakeChatServer:
    """Address of the server and the requests received so far."""

    base_url: str
    requests: list[Request]


@contextmanager
def fake_chat_server(behave: Behavior) -> Iterator[FakeChatServer]:
    """Serve on a free loopback port until the block ends."""
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = json.loads(self.rfile.read(length))
            request = Request(self.path, self.headers.get("authorization"), body)
            requests.append(request)
            reply = behave(request)
            self._send(reply, body.get("model", ""))

        def _send(self, reply: Reply, model: str) -> None:
            message = {"role": "assistant", "content": reply.text}
            choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
            completion = {"object": "chat.completion", "model": model, "choices": [choice]}
            data = (json.dumps(completion) if reply.body is None else reply.body).encode()
            self.send_response(reply.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield FakeChatServer(f"http://127.0.0.1:{server.server_port}/v1", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
