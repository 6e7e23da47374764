import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from common.call_limits import CallLimits
from common.grpc_client import channel
from tests.integration.common.grpc_service import NAME, serving, settings
from tests.integration.common.tasks.workers import until

LARGE = bytes(64 * 1024 * 1024)


@asynccontextmanager
async def service_process() -> AsyncIterator[tuple[int, grpc.aio.Channel]]:
    """Yield the pid of a process with the service, and a channel to it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.common.limited_service",
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = None
        while port is None:
            line = await process.stdout.readline()
            assert line, "the service ended"
            port = int(line) if line.strip().isdigit() else None
        async with channel(settings(), f"127.0.0.1:{port}") as open_channel:
            yield process.pid, open_channel
    finally:
        process.kill()
        await process.wait()


def peak_bytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def code_of(call: Any) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def test_bodies_of_strangers_take_no_memory() -> None:
    async with service_process() as (pid, connection):
        method: Any = connection.unary_unary(f"/{NAME}/UnaryUnary")
        small = method(b"small", timeout=30, wait_for_ready=True)
        assert await code_of(small) is grpc.StatusCode.UNAUTHENTICATED
        before = peak_bytes(pid)
        codes = await asyncio.gather(*(code_of(method(LARGE, timeout=30)) for _ in range(4)))
        assert set(codes) == {grpc.StatusCode.UNAUTHENTICATED}
        # gRPC reads ahead some MiB of each call until it is refused, depending on the load.
        assert peak_bytes(pid) - before < len(LARGE) // 2


async def test_larger_requests_are_refused() -> None:
    async with serving(limits=CallLimits(request_bytes=1_000)) as connection:
        assert await connection.call("UnaryUnary", bytes(900)) == [bytes(900)]
        code = await code_of(connection.start("UnaryUnary", bytes(1_100)))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("kind", ["UnaryUnary", "StreamUnary"])
async def test_calls_of_one_session_in_flight_are_limited(kind: str) -> None:
    async with serving(limits=CallLimits(calls_per_caller=2)) as connection:
        waiting = [asyncio.ensure_future(connection.start(kind, b"wait")) for _ in range(2)]
        await until(lambda: connection.service.calls == 2)
        code = await code_of(connection.start(kind, b"more"))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await connection.call("Public", b"another", metadata=()) == [b"another"]
        for call in waiting:
            call.cancel()
        await until(lambda: len(connection.service.left) == 2)
        assert await connection.call(kind, b"again") == [b"again"]


async def test_call_without_a_request_is_refused() -> None:
    async with serving() as connection:
        method: Any = connection.channel.stream_unary(f"/{NAME}/UnaryUnary")
        call = method(iter(()), metadata=(("authorization", "Bearer tok"),), timeout=30)
        assert await code_of(call) is grpc.StatusCode.INVALID_ARGUMENT
