"""Repetitions of requests, in the client that blocks and the one to await."""

import asyncio
import datetime as dt
import email.utils
import io
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from securetranscribe import (
    ApiError,
    AsyncSecureTranscribeClient,
    ConnectionFailedError,
    SecureTranscribeClient,
)
from securetranscribe.errors import (
    BY_CODE,
    ConflictError,
    RateLimitError,
    SecureTranscribeError,
    ServiceUnavailableError,
    ValidationError,
)

Answer = Callable[[httpx2.Request], httpx2.Response]


class Server:
    """Answers in their order. The last one repeats."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a request."""
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect pauses in place of waiting."""
    found: list[float] = []

    async def pause(seconds: float) -> None:
        found.append(seconds)

    # Only in the clients: servers of other tests would spin without a pause.
    monkeypatch.setattr("securetranscribe.client.time", SimpleNamespace(sleep=found.append))
    waiting = SimpleNamespace(Lock=asyncio.Lock, sleep=pause)
    monkeypatch.setattr("securetranscribe.async_client.asyncio", waiting)
    return found


def failed(status: int, code: str = "X", **headers: str) -> Answer:
    body = {"error": {"code": code, "message": "No.", "details": {}}}
    return lambda _request: httpx2.Response(status, json=body, headers=headers)


def done(_request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"data": {"job_id": "job_1"}})


def away(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError("away", request=request)


def call(server: Server, name: str, *args: Any, **options: Any) -> Any:
    transport = httpx2.MockTransport(server)
    with SecureTranscribeClient("http://test/api", "t", transport=transport, **options) as client:
        return getattr(client, name)(*args)


async def call_awaited(server: Server, name: str, *args: Any, **options: Any) -> Any:
    transport = httpx2.MockTransport(server)
    async with AsyncSecureTranscribeClient(
        "http://test/api", "t", transport=transport, **options
    ) as client:
        return await getattr(client, name)(*args)


_PASSING = pytest.mark.parametrize(
    "failure", [away, failed(503), failed(429, **{"retry-after": "2"})], ids=["away", "503", "429"]
)


@_PASSING
def test_passing_failures_are_repeated(pauses: list[float], failure: Answer) -> None:
    server = Server(failure, failure, done)
    assert call(server, "get_job", "job_1") == {"job_id": "job_1"}
    assert len(server.requests) == 3
    assert len(pauses) == 2


@_PASSING
async def test_passing_failures_are_repeated_while_awaited(
    pauses: list[float], failure: Answer
) -> None:
    server = Server(failure, failure, done)
    assert await call_awaited(server, "get_job", "job_1") == {"job_id": "job_1"}
    assert len(server.requests) == 3
    assert len(pauses) == 2


def test_writes_are_repeated_under_one_key(pauses: list[float]) -> None:
    server = Server(away, failed(503), done)
    call(server, "start_transcription", 7)
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(server.requests) == 3
    assert len(keys) == 1
    call(server, "start_transcription", 7)
    assert server.requests[-1].headers["idempotency-key"] not in keys


def test_deletions_are_repeated_under_one_key(pauses: list[float]) -> None:
    server = Server(away, done)
    call(server, "delete_term", 7)
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


def test_a_write_still_in_progress_is_asked_for_again(pauses: list[float]) -> None:
    server = Server(away, failed(409, "CONFLICT", **{"retry-after": "1"}), done)
    call(server, "start_transcription", 7)
    assert pauses[1:] == [1.0]
    other = Server(failed(409, "CONFLICT"), done)
    with pytest.raises(ConflictError):
        call(other, "start_transcription", 7)


def test_reads_have_no_key(pauses: list[float]) -> None:
    server = Server(done)
    call(server, "get_job", "job_1")
    assert "idempotency-key" not in server.requests[0].headers


def test_files_are_sent_from_their_beginning_again(pauses: list[float]) -> None:
    server = Server(failed(503), done)
    call(server, "enroll_speaker", 3, io.BytesIO(b"sound"))
    assert [b"sound" in request.content for request in server.requests] == [True, True]


def test_streams_are_sent_once(pauses: list[float]) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    server = Server(failed(503), done)
    with pytest.raises(ApiError):
        call(server, "enroll_speaker", 3, Stream(b"sound"))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [("7", 7.0), ("0", 0.0), (None, None), ("soon", None)],
)
def test_server_decides_about_the_pause(
    pauses: list[float], header: str | None, expected: float | None
) -> None:
    headers = {} if header is None else {"retry-after": header}
    call(Server(failed(503, **headers), done), "get_job", "job_1")
    if expected is None:
        assert 0.5 <= pauses[0] <= 1
    else:
        assert pauses == [expected]


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_pauses_until_a_time_are_understood(pauses: list[float], zone: str) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    date = email.utils.format_datetime(later, usegmt=True)
    header = {"retry-after": date.replace("GMT", zone)}
    call(Server(failed(503, **header), done), "get_job", "job_1")
    assert 25 < pauses[0] <= 30


def test_long_pauses_are_left_to_the_caller(pauses: list[float]) -> None:
    server = Server(failed(429, "RATE_LIMIT_EXCEEDED", **{"retry-after": "3600"}), done)
    with pytest.raises(RateLimitError) as caught:
        call(server, "get_job", "job_1")
    assert caught.value.retry_after == 3600
    assert not pauses


def test_other_failures_are_not_repeated(pauses: list[float]) -> None:
    headers = {"x-request-id": "r1"}
    server = Server(failed(400, "VALIDATION_ERROR", **headers), done)
    with pytest.raises(ValidationError) as caught:
        call(server, "get_job", "job_1")
    assert caught.value.request_id == "r1"
    assert len(server.requests) == 1


async def test_repetitions_end(pauses: list[float]) -> None:
    server = Server(failed(503, "SERVICE_UNAVAILABLE"))
    with pytest.raises(ServiceUnavailableError):
        call(server, "get_job", "job_1", retries=4)
    assert len(server.requests) == 5
    with pytest.raises(ServiceUnavailableError):
        await call_awaited(server, "get_job", "job_1", retries=0)
    assert len(server.requests) == 6


def test_broken_downloads_are_not_repeated(pauses: list[float]) -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("broken", request=request)

    server = Server(broken)
    with pytest.raises(ConnectionFailedError):
        call(server, "archive", io.BytesIO())
    assert len(server.requests) == 1


def test_unknown_codes_are_api_errors(pauses: list[float]) -> None:
    with pytest.raises(ApiError) as caught:
        call(Server(failed(418, "TEAPOT")), "get_job", "job_1")
    assert type(caught.value) is ApiError


def test_errors_have_one_base() -> None:
    assert all(issubclass(kind, SecureTranscribeError) for kind in BY_CODE.values())


def test_any_operation_can_be_called(pauses: list[float]) -> None:
    server = Server(done)
    transport = httpx2.MockTransport(server)
    with SecureTranscribeClient("http://test/api", "t", transport=transport) as client:
        answer = client.request("POST", "/new", json={"a": 1}, params={"b": 2})
    assert answer == {"job_id": "job_1"}
    assert str(server.requests[0].url) == "http://test/api/new?b=2"
    assert server.requests[0].content == b'{"a":1}'
