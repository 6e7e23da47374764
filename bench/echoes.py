"""Servers for comparison with the status reads.

    python -m bench.echoes http BODY [GRPC_PORT]
    python -m bench.echoes grpc BODY

`http` answers `/bare` with a body, and `/call` with that of the other process. `grpc` runs one SQL
query per call, on the database in DATABASE_URL, and returns the body. Both print their port.
"""

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc.aio
import psycopg_pool
import uvicorn
from fastapi import FastAPI, Response

_METHOD = "/bench.Echo/Read"
_QUERY = "SELECT * FROM transcriptions WHERE id = %s"


@contextlib.contextmanager
def running(body: Path, database_url: str) -> Iterator[int]:
    """Run both servers. Yield the port of the one for HTTP."""
    environment = {**os.environ, "DATABASE_URL": database_url}
    with contextlib.ExitStack() as started:
        called = started.enter_context(_started(["grpc", str(body)], environment))
        yield started.enter_context(_started(["http", str(body), str(called)], environment))


@contextlib.contextmanager
def _started(arguments: list[str], environment: dict[str, str]) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.echoes", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def _serve_http(content: bytes, called: int) -> None:
    app = FastAPI()
    value = json.loads(content)
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{called}")
    read: Any = channel.unary_unary(_METHOD)

    @app.get("/bare")
    async def bare() -> Any:
        return value

    @app.get("/call")
    async def call() -> Response:
        return Response(await read(b""), media_type="application/json")

    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listening])


async def _serve_grpc(content: bytes) -> None:
    pool = psycopg_pool.AsyncConnectionPool(
        os.environ["DATABASE_URL"], open=False, min_size=1, max_size=10
    )
    await pool.open(wait=True)

    async def read(_request: bytes, _context: Any) -> bytes:
        async with pool.connection() as connection:
            await (await connection.execute(_QUERY, (1,))).fetchall()
        return content

    server = grpc.aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(read)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("bench.Echo", {"Read": handler}),)
    )
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


def main() -> None:
    """Run one of the servers until it is terminated."""
    parser = argparse.ArgumentParser(description="Echo a body.")
    parser.add_argument("kind", choices=("http", "grpc"))
    parser.add_argument("body", type=Path)
    parser.add_argument("called", type=int, nargs="?", default=0, help="port of the other server")
    options = parser.parse_args()
    if options.kind == "http":
        asyncio.run(_serve_http(options.body.read_bytes(), options.called))
    else:
        asyncio.run(_serve_grpc(options.body.read_bytes()))


if __name__ == "__main__":
    main()
