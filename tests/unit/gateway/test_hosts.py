"""Allowed host names."""

import json

import pytest

from gateway.web.hosts import AllowedHosts, HostNames, host_name
from tests.unit.gateway.asgi import Inner, call, scope_of


@pytest.mark.parametrize(
    ("header", "name"),
    [("Example.org:8000", "example.org"), ("[::1]:8000", "::1"), ("127.0.0.1", "127.0.0.1"),
     ("::1", "::1"), ("", "")],
)  # fmt: skip
def test_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("localhost", True), ("LOCALHOST:8000", True), ("[::1]:8000", True),
        ("a.example.org", True), ("example.org", False), ("evilexample.org", False),
        ("localhost.evil.org", False), ("", False),
    ],
)  # fmt: skip
def test_allowed_names(header: str, allowed: bool) -> None:
    assert HostNames(["localhost", "::1", "*.example.org"]).allow(header) is allowed


def test_a_wildcard_allows_any_name() -> None:
    assert HostNames(["*"]).allow("whatever.example")


async def test_other_names_are_rejected_with_the_error_envelope() -> None:
    inner = Inner()
    app = AllowedHosts(inner, HostNames(["localhost"]))
    answer = await call(app, scope_of("/api/x", headers={"host": "evil.example"}))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["details"] == {"field": "Host"}
    assert not inner.scopes


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/metrics"])
async def test_probes_are_served_under_any_name(path: str) -> None:
    app = AllowedHosts(Inner(), HostNames(["localhost"]))
    assert (await call(app, scope_of(path, headers={"host": "10.0.0.7"}))).status == 200


async def test_handshakes_for_other_names_are_rejected() -> None:
    inner = Inner()
    app = AllowedHosts(inner, HostNames(["localhost"]))
    answer = await call(app, scope_of("/ws", kind="websocket", headers={"host": "evil.example"}))
    assert answer.status == 400
    assert not inner.scopes
