import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import grpc
import pytest
import structlog.testing

from common import identity, status, telemetry
from common.errors import ApplicationError, AuthorizationError, NotFoundError
from tests.integration.common.grpc_service import (
    KINDS,
    Connection,
    calls_measured,
    serving,
    signed_by,
)
from tests.integration.common.tasks.workers import until


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    async with serving() as connection:
        yield connection


async def failure(
    connection: Connection, kind: str, *requests: bytes, **named: Any
) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await connection.call(kind, *requests, **named)
    return raised.value


def of_calls(logs: Sequence[Mapping[str, Any]], *levels: str) -> list[Mapping[str, Any]]:
    """Return the lines of some levels, without those of steps of gateways of other tests."""
    return [line for line in logs if line["log_level"] in levels and "step" not in line]


@pytest.mark.parametrize("kind", KINDS)
async def test_caller_is_established_in_every_kind_of_call(
    connection: Connection, kind: str
) -> None:
    before = calls_measured(kind, "OK")

    answers = await connection.call(kind, b"who")

    assert answers[-1] == b"session_1/"
    await until(lambda: calls_measured(kind, "OK") == before + 1)
    assert identity.current_or_none() is None


@pytest.mark.parametrize("kind", KINDS)
async def test_calling_service_is_established(connection: Connection, kind: str) -> None:
    signed = signed_by("exporter", kind, b"who", session="session_7")

    answers = await connection.call(kind, b"who", metadata=signed)

    assert answers[-1] == b"session_7/exporter"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),)])
async def test_unauthenticated_calls_never_reach_the_servicer(
    connection: Connection, kind: str, metadata: object
) -> None:
    error = await failure(connection, kind, b"who", metadata=metadata)

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert connection.service.calls == 0


@pytest.mark.parametrize("kind", ["UnaryUnary", "UnaryStream"])
@pytest.mark.parametrize("signed", [b"another", b""])
async def test_services_sign_their_requests(
    connection: Connection, kind: str, signed: bytes
) -> None:
    metadata = signed_by("exporter", kind if signed else "StreamUnary", signed)
    error = await failure(connection, kind, b"who", metadata=metadata)

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert connection.service.calls == 0


async def test_public_method_needs_no_caller(connection: Connection) -> None:
    assert await connection.call("Public", b"x", metadata=()) == [b"x"]


async def test_internal_methods_require_a_service(connection: Connection) -> None:
    error = await failure(connection, "Inner", b"who")
    assert isinstance(status.from_rpc_error(error), AuthorizationError)

    signed = signed_by("exporter", "Inner", b"who")
    assert await connection.call("Inner", b"who", metadata=signed) == [b"/exporter"]


@pytest.mark.parametrize("kind", KINDS)
async def test_errors_reach_the_caller_as_raised(connection: Connection, kind: str) -> None:
    before = calls_measured(kind, "NOT_FOUND")

    error = await failure(connection, kind, b"missing")

    assert error.code() is grpc.StatusCode.NOT_FOUND
    rebuilt = status.from_rpc_error(error)
    assert type(rebuilt) is NotFoundError
    assert rebuilt.message == "There is no such thing: Größe."
    assert rebuilt.details == {"kind": "thing"}
    await until(lambda: calls_measured(kind, "NOT_FOUND") == before + 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_requests_that_cannot_be_read_are_invalid(connection: Connection, kind: str) -> None:
    error = await failure(connection, kind, b"broken")

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert status.from_rpc_error(error).message == "The request cannot be read."
    assert connection.service.calls == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_unexpected_errors_are_hidden_and_logged(connection: Connection, kind: str) -> None:
    with structlog.testing.capture_logs() as logs:
        error = await failure(connection, kind, b"accident")

    assert error.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in f"{error.details()}{error.trailing_metadata()}"
    assert type(status.from_rpc_error(error)) is ApplicationError
    (line,) = of_calls(logs, "error")
    assert isinstance(line["exc_info"], KeyError)


async def test_log_has_the_cause_of_an_outage(connection: Connection) -> None:
    with structlog.testing.capture_logs() as logs:
        error = await failure(connection, "UnaryUnary", b"away")

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "5432" not in f"{error.details()}{error.trailing_metadata()}"
    (line,) = of_calls(logs, "warning")
    assert "db:5432" in line["cause"]


async def test_responses_before_an_error_arrive(connection: Connection) -> None:
    call = connection.start("UnaryStream", b"missing")

    assert await call.read() == b"first"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_caller_cancels_the_work(connection: Connection, kind: str) -> None:
    in_flight = telemetry.RPC_IN_FLIGHT._value.get()
    before = calls_measured(kind, "CANCELLED")
    with structlog.testing.capture_logs() as logs:
        call = connection.start(kind, b"wait", seconds=60)
        reading = asyncio.ensure_future(drain(call))
        await asyncio.wait_for(connection.service.begun.wait(), 30)

        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

        await until(lambda: "wait" in connection.service.left)
        await until(lambda: calls_measured(kind, "CANCELLED") == before + 1)
    assert telemetry.RPC_IN_FLIGHT._value.get() == in_flight
    assert of_calls(logs, "error", "warning") == []


async def drain(call: Any) -> None:
    if hasattr(call, "__aiter__"):
        async for _ in call:
            pass
    else:
        await call


async def test_deadline_cancels_the_work(connection: Connection) -> None:
    for seconds in (0.3, 3.0, 30.0):
        error = await failure(connection, "UnaryUnary", b"wait", seconds=seconds)
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        # On a busy machine, a call may end before its work begins.
        if connection.service.begun.is_set():
            break

    await until(lambda: "wait" in connection.service.left)


async def test_leaving_reader_closes_the_stream(connection: Connection) -> None:
    call = connection.start("UnaryStream", b"wait")
    async for _ in call:
        break
    call.cancel()

    await until(lambda: "stream" in connection.service.left)


async def test_concurrent_calls_keep_their_callers(connection: Connection) -> None:
    async def ask(number: int) -> bytes:
        kind = KINDS[number % 4]
        metadata = signed_by("exporter", kind, b"who", session=f"session_{number}")
        return (await connection.call(kind, b"who", metadata=metadata))[-1]

    answers = await asyncio.gather(*(ask(number) for number in range(40)))

    assert answers == [f"session_{number}/exporter".encode() for number in range(40)]


async def test_unknown_method_is_unimplemented(connection: Connection) -> None:
    error = await failure(connection, "Nothing", b"x")

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
