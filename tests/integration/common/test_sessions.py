import asyncio
from typing import Any

import grpc.aio
import pytest

from common.errors import ApplicationError, UnavailableError
from common.grpc_client import channel
from common.sessions import SessionServiceAuthenticator
from securetranscribe.v1 import session_pb2, session_pb2_grpc
from tests.integration.common.grpc_service import settings


class Sessions(session_pb2_grpc.SessionServiceServicer):
    """Leaves the first calls without an answer and knows no token but `tok`."""

    def __init__(self, silent: int) -> None:
        self.silent = silent
        self.calls = 0

    async def AuthenticateSession(  # noqa: N802 - named by the contract
        self, request: session_pb2.AuthenticateSessionRequest, context: Any
    ) -> session_pb2.AuthenticateSessionResponse:
        self.calls += 1
        if self.calls <= self.silent:
            await asyncio.Event().wait()
        if request.session_token != "tok":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "not valid")
        return session_pb2.AuthenticateSessionResponse(session_id="session_1")


async def ask(sessions: Sessions, token: str) -> str:
    server = grpc.aio.server()
    session_pb2_grpc.add_SessionServiceServicer_to_server(sessions, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with channel(settings(), f"127.0.0.1:{port}") as opened:
            return (await SessionServiceAuthenticator(opened).authenticate(token)).session_id
    finally:
        await server.stop(None)


async def test_call_that_the_gateway_left_unanswered_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("common.sessions._TIMEOUTS_SECONDS", (0.5, 30))
    sessions = Sessions(silent=1)  # type: ignore[abstract]
    assert await ask(sessions, "tok") == "session_1"
    assert sessions.calls == 2


async def test_refusal_is_not_asked_for_again() -> None:
    sessions = Sessions(silent=0)  # type: ignore[abstract]
    with pytest.raises(ApplicationError):
        await ask(sessions, "other")
    assert sessions.calls == 1


async def test_absent_gateway_is_not_an_invalid_token(
    unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.sessions._TIMEOUTS_SECONDS", (0.5, 0.2))
    async with channel(settings(), f"127.0.0.1:{unused_port}") as nowhere:
        with pytest.raises(UnavailableError, match="cannot be checked"):
            await SessionServiceAuthenticator(nowhere).authenticate("tok")
