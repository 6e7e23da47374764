"""HTTPS with a certificate of the machine's own authority."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from devstack.https import Certificates
from securetranscribe import ConnectionFailedError, SecureTranscribeClient
from tests.integration.gateway.conftest import MakeGateway, Running
from tests.ports import free_port

NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, kw_only=True)
class Secure:
    """A gateway with HTTPS, and a port that redirects to it."""

    running: Running
    certificates: Certificates
    plain_url: str

    @property
    def trust(self) -> ssl.SSLContext:
        """Context of a device that has installed the authority."""
        return ssl.create_default_context(cafile=str(self.certificates.authority))


@pytest.fixture
async def secure(make_gateway: MakeGateway, tmp_path: Path) -> AsyncIterator[Secure]:
    certificates = Certificates(directory=tmp_path / "tls")
    certificates.ensure(NAMES)
    port = free_port()
    async with make_gateway(
        ssl_cert_path=certificates.certificate,
        ssl_key_path=certificates.key,
        local_authority_path=certificates.authority,
        http_redirect_port=port,
        allowed_hosts=NAMES,
        # Even so, no browser is told to demand HTTPS of `localhost` from now on.
        force_https=True,
    ) as running:
        plain_url = f"http://127.0.0.1:{port}"
        yield Secure(running=running, certificates=certificates, plain_url=plain_url)


async def test_pages_sessions_and_messages_over_https(secure: Secure) -> None:
    async with secure.running.client(verify=secure.trust) as client:
        answer = await client.get("/api/queue/status")
        assert answer.status_code == 200
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" not in answer.headers
        own = {"Origin": secure.running.base_url}
        created = await client.post("/api/sessions/create", headers=own)
        token = created.json()["data"]["session_token"]
    url = f"{secure.running.base_url.replace('https', 'wss', 1)}/ws?token={token}"
    async with connect(url, ssl=secure.trust, proxy=None, additional_headers=own) as socket:
        assert json.loads(await socket.recv())["type"] == "queue_update"


async def test_the_python_client_trusts_the_file_of_the_environment(
    secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> Any:
        with SecureTranscribeClient(f"{secure.running.base_url}/api") as client:
            return client.get_queue_status()

    with pytest.raises(ConnectionFailedError, match="CERTIFICATE_VERIFY_FAILED"):
        await asyncio.to_thread(ask)
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates.authority))
    assert "queue_size" in await asyncio.to_thread(ask)


async def test_other_devices_do_not_trust_it(secure: Secure) -> None:
    async with secure.running.client() as client:
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get("/health")


async def test_the_plain_port_redirects(secure: Secure) -> None:
    async with httpx2.AsyncClient(base_url=secure.plain_url) as client:
        answer = await client.get("/t/7?x=1")
        assert answer.status_code == 308
        assert answer.headers["location"] == f"{secure.running.base_url}/t/7?x=1"
        assert "set-cookie" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await client.get("/health")).status_code == 200
        elsewhere = await client.get("/", headers={"Host": "evil.example"})
        assert elsewhere.status_code == 400
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{secure.plain_url.replace('http', 'ws', 1)}/ws", proxy=None):
            pass
    assert caught.value.response.status_code == 403


async def test_the_authority_is_offered_on_both_ports(secure: Secure) -> None:
    wanted = secure.certificates.authority.read_bytes()
    async with (
        secure.running.client(verify=secure.trust) as https,
        httpx2.AsyncClient(base_url=secure.plain_url) as plain,
    ):
        for client in (https, plain):
            answer = await client.get("/local-authority.crt")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/x-x509-ca-cert"
            assert answer.content == wanted


async def test_without_an_authority_none_is_offered(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/local-authority.crt")).status_code == 404


async def test_renewed_certificates_are_used_without_a_restart(secure: Secure) -> None:
    renewed = Certificates(directory=secure.certificates.directory.parent / "renewed")
    renewed.ensure(NAMES)
    (loop,) = [
        one for one in secure.running.gateway.background().loops if one.name == "certificate"
    ]
    renewed.key.replace(secure.certificates.key)
    await loop.take()  # the pair does not fit, and the earlier one stays
    async with secure.running.client(verify=secure.trust) as client:
        assert (await client.get("/health")).status_code == 200
    renewed.certificate.replace(secure.certificates.certificate)
    await loop.take()
    context = ssl.create_default_context(cafile=str(renewed.authority))
    async with secure.running.client(verify=context) as client:
        assert (await client.get("/health")).status_code == 200
