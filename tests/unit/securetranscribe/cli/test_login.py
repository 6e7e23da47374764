"""Logins that are kept and removed."""

from pathlib import Path

import httpx2
import pytest

from securetranscribe import SecureTranscribeClient, cli
from securetranscribe.cli import credentials, login
from securetranscribe.cli.credentials import Login

URL = "http://test/api"


def test_logout_ends_the_stored_sign_in_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(credentials.TOKEN_VARIABLE, "of a program")
    ended: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/api/auth/sign-out":
            ended.append(request.headers["authorization"])
        return httpx2.Response(200, json={"data": {"mode": "accounts"}})

    def client(url: str, token: str | None) -> SecureTranscribeClient:
        return SecureTranscribeClient(url, token, transport=httpx2.MockTransport(answer))

    monkeypatch.setattr(login, "SecureTranscribeClient", client)
    credentials.store(Login(url=URL, token="stored"))
    assert cli.main(["--url", URL, "logout"]) == 0
    assert ended == ["Bearer stored"]
    assert credentials.stored(URL) is None
