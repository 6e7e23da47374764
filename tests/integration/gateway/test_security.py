"""Security headers, host names, HTTPS, origins, and local pages."""

import json
import ssl
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.gateway.certificates import self_signed
from tests.integration.gateway.conftest import MakeGateway


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/redoc", "/openapi.json", "/health", "/api/queue/status", "/nope",
             "/static/docs.js"],
)  # fmt: skip
async def test_headers_are_on_every_response(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-xss-protection"] == "1; mode=block"
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert len(answer.headers["x-request-id"]) == 32
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/docs", "text/html; charset=utf-8"),
        ("/redoc", "text/html; charset=utf-8"),
        ("/static/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/static/swagger-ui.css", "text/css; charset=utf-8"),
        ("/static/redoc.standalone.js", "text/javascript; charset=utf-8"),
        ("/static/docs.js", "text/javascript; charset=utf-8"),
        ("/openapi.json", "application/json"),
    ],
)
async def test_pages_and_their_assets(client: httpx2.AsyncClient, path: str, kind: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.content


async def test_other_host_names_are_rejected(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(allowed_hosts=("good.example", "*.wide.example")) as strict,
        strict.client() as client,
    ):
        for host, status in (
            ("good.example", 200), ("a.wide.example", 200), ("evil.example", 400),
            ("127.0.0.1", 400),
        ):  # fmt: skip
            answer = await client.get("/api/queue/status", headers={"Host": host})
            assert answer.status_code == status, host
        assert (await client.get("/health", headers={"Host": "10.1.2.3"})).status_code == 200


async def test_plain_http_is_redirected_to_https(make_gateway: MakeGateway) -> None:
    async with make_gateway(force_https=True) as forced, forced.client() as client:
        plain = await client.get("/api/transcription/list?limit=1")
        assert plain.status_code == 308
        assert plain.headers["location"] == "https://127.0.0.1/api/transcription/list?limit=1"
        assert "set-cookie" not in plain.headers
        proxied = await client.get("/api/queue/status", headers={"X-Forwarded-Proto": "https"})
        assert proxied.status_code == 200
        assert proxied.headers["strict-transport-security"] == (
            "max-age=31536000; includeSubDomains"
        )
        assert (await client.get("/health")).status_code == 200
        with pytest.raises(InvalidStatus) as caught:
            async with connect(forced.base_url.replace("http", "ws", 1) + "/ws", proxy=None):
                pass
        assert caught.value.response.status_code == 403


async def test_forwarded_headers_of_untrusted_peers_are_ignored(make_gateway: MakeGateway) -> None:
    async with (
        make_gateway(force_https=True, trusted_proxies=("10.0.0.0/8",)) as forced,
        forced.client() as client,
    ):
        answer = await client.get("/api/queue/status", headers={"X-Forwarded-Proto": "https"})
        assert answer.status_code == 308


async def test_configured_certificates(make_gateway: MakeGateway, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    context = ssl.create_default_context(cafile=str(certificate))
    async with make_gateway(
        ssl_cert_path=certificate, ssl_key_path=key, force_https=True
    ) as secure:
        async with secure.client(verify=context) as client:
            answer = await client.get("/api/queue/status")
            assert answer.status_code == 200
            assert "Secure" in answer.headers["set-cookie"]
            token = (await client.post("/api/sessions/create")).json()["data"]["session_token"]
        url = f"{secure.base_url.replace('https', 'wss', 1)}/ws?token={token}"
        async with connect(url, ssl=context, proxy=None) as socket:
            assert json.loads(await socket.recv())["type"] == "queue_update"


async def test_allowed_origins_pass_the_preflight(make_gateway: MakeGateway) -> None:
    allowed = "https://app.example"
    preflight = {"Access-Control-Request-Method": "POST"}
    async with make_gateway(cors_origins=(allowed,)) as open_to, open_to.client() as client:
        asked = await client.options("/api/speakers", headers={"Origin": allowed, **preflight})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == allowed
        assert asked.headers["access-control-allow-credentials"] == "true"
        answer = await client.get("/api/speakers", headers={"Origin": allowed})
        assert answer.headers["access-control-allow-origin"] == allowed
        assert "X-RateLimit-Remaining" in answer.headers["access-control-expose-headers"]
        refused = await client.get(
            "/api/speakers", headers={"Origin": allowed, "Authorization": "Bearer x"}
        )
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == allowed
        foreign = {"Origin": "https://evil.example"}
        other = await client.get("/api/speakers", headers=foreign)
        assert "access-control-allow-origin" not in other.headers
        no = await client.options("/api/speakers", headers={**foreign, **preflight})
        assert "access-control-allow-origin" not in no.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_pages_of_other_origins_may_ask_for_ranges(
    make_gateway: MakeGateway, method: str
) -> None:
    allowed = "https://app.example"
    asking = {
        "Origin": allowed,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,if-range,range",
    }
    async with make_gateway(cors_origins=(allowed,)) as open_to, open_to.client() as client:
        asked = await client.options("/api/speakers/1/clip", headers=asking)
        assert asked.status_code == 200, asked.text
        answer = await client.get("/api/speakers", headers={"Origin": allowed})
        exposed = answer.headers["access-control-expose-headers"]
        assert {"Accept-Ranges", "Content-Range", "ETag"} <= set(exposed.split(", "))


async def test_a_wildcard_origin_allows_no_credentials(make_gateway: MakeGateway) -> None:
    async with make_gateway(cors_origins=("*",)) as open_to, open_to.client() as client:
        answer = await client.get("/api/speakers", headers={"Origin": "https://any.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_no_origin_is_allowed_by_default(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/api/speakers", headers={"Origin": "https://app.example"})
    assert "access-control-allow-origin" not in answer.headers
