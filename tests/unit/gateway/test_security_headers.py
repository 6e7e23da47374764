"""Security headers and the redirect to HTTPS."""

import pytest

from gateway.web.security_headers import HttpsOnly, SecurityHeaders
from tests.unit.gateway.asgi import Inner, call, scope_of


async def test_documented_headers() -> None:
    answer = await call(SecurityHeaders(Inner(), https_only=False), scope_of("/api/x"))
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-xss-protection"] == "1; mode=block"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(("scheme", "expected"), [("https", True), ("http", False)])
async def test_transport_security_only_over_https(scheme: str, expected: bool) -> None:
    app = SecurityHeaders(Inner(), https_only=True)
    answer = await call(app, scope_of(scheme=scheme))
    assert ("strict-transport-security" in answer.headers) is expected


async def test_scripts_are_limited_to_this_server_on_every_page() -> None:
    for path in ("/", "/docs", "/redoc", "/api/speakers"):
        answer = await call(SecurityHeaders(Inner(), https_only=False), scope_of(path))
        policy = answer.headers["content-security-policy"]
        assert "script-src" not in policy
        assert policy.startswith("default-src 'self';")


async def test_headers_of_the_handler_are_kept() -> None:
    inner = Inner({"Content-Security-Policy": "sandbox", "Cache-Control": "public"})
    answer = await call(SecurityHeaders(inner, https_only=False), scope_of("/api/x"))
    assert answer.headers.getlist("content-security-policy") == ["sandbox"]
    assert answer.headers.getlist("cache-control") == ["public"]


@pytest.mark.parametrize(
    ("host", "path", "query", "location"),
    [
        ("example.org:8000", "/api/list", b"a=1", "https://example.org/api/list?a=1"),
        ("[::1]:8000", "/", b"", "https://[::1]/"),
        ("example.org", "/a b", b"", "https://example.org/a%20b"),
    ],
)
async def test_plain_http_is_redirected_to_https(
    host: str, path: str, query: bytes, location: str
) -> None:
    scope = scope_of(path, query=query, headers={"host": host})
    answer = await call(HttpsOnly(Inner()), scope)
    assert answer.status == 308
    assert answer.headers["location"] == location


@pytest.mark.parametrize(
    ("port", "location"), [(443, "https://h/api/x"), (8443, "https://h:8443/api/x")]
)
async def test_redirects_name_the_port_of_https(port: int, location: str) -> None:
    scope = scope_of("/api/x", headers={"host": "h:8000"})
    answer = await call(HttpsOnly(Inner(), port=port), scope)
    assert (answer.status, answer.headers["location"]) == (308, location)


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("/health", "http"),
        ("/metrics", "http"),
        ("/local-authority.crt", "http"),
        ("/api/x", "https"),
    ],
)
async def test_probes_and_https_pass(path: str, scheme: str) -> None:
    assert (await call(HttpsOnly(Inner()), scope_of(path, scheme=scheme))).status == 200


@pytest.mark.parametrize(("scheme", "status"), [("ws", 403), ("wss", 101)])
async def test_websockets_require_tls(scheme: str, status: int) -> None:
    answer = await call(HttpsOnly(Inner()), scope_of("/ws", kind="websocket", scheme=scheme))
    assert answer.status == status
