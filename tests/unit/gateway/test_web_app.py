"""The built web interface as the gateway serves it."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from common.errors import NotFoundError
from gateway.web.web_app import WebApp

PAGE = "<!doctype html><title>The page</title>"
SCRIPT = b"console.log('a script');" * 100


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "main-1.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "main-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "main-1.js.br").write_bytes(b"compressed")
    (tmp_path / "assets" / "image-1.svg").write_text("<svg/>")
    (tmp_path.parent / "secret.js").write_text("outside")
    app = FastAPI(openapi_url=None, docs_url=None)
    WebApp(tmp_path).add_to(app)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/t/67",
        "/record",
        "/people",
        "/vocabulary",
        "/queue",
        "/system",
        "/session",
        "/account",
        "/setup",
        "/reset",
        "/with-me",
        "/with-me/7",
        "/shared",
    ],
)
async def test_every_address_shows_the_page(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.text == PAGE
    assert answer.headers["cache-control"] == "no-cache"


async def test_only_the_page_of_links_plays_fetched_sound(client: httpx2.AsyncClient) -> None:
    shared = await client.get("/shared")
    policy = shared.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert policy.endswith("media-src 'self' blob:")
    assert "content-security-policy" not in (await client.get("/")).headers


@pytest.mark.parametrize("path", ["/t/x", "/t/", "/nowhere"])
async def test_other_addresses_are_unknown(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code in {404, 422}


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
async def test_assets_come_compressed_and_are_kept(
    client: httpx2.AsyncClient, accepted: str, encoding: str | None
) -> None:
    request = client.build_request(
        "GET", "/app/assets/main-1.js", headers={"Accept-Encoding": accepted}
    )
    answer = await client.send(request, stream=True)
    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    expected = {"br": b"compressed", "gzip": gzip.compress(SCRIPT), None: SCRIPT}[encoding]
    assert raw[10:] == expected[10:]  # The head of gzip has a time.
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_asset_without_compressed_copies(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/app/assets/image-1.svg", headers={"Accept-Encoding": "br"})
    assert answer.text == "<svg/>"
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "name", ["assets/other.js", "assets/main-1.js.gz", "..%2fsecret.js", "index.html", ""]
)
async def test_other_files_are_unknown(client: httpx2.AsyncClient, name: str) -> None:
    with pytest.raises(NotFoundError):
        await client.get(f"/app/{name}")


async def test_asset_of_an_earlier_build_is_gone(
    client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "assets" / "main-1.js.br").unlink()
    with pytest.raises(NotFoundError, match="Load the page again"):
        await client.get("/app/assets/main-1.js", headers={"Accept-Encoding": "br"})


def test_missing_web_interface(tmp_path: Path) -> None:
    assert not WebApp.is_built(tmp_path)
    (tmp_path / "index.html").write_text(PAGE)
    assert WebApp.is_built(tmp_path)
