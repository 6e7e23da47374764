import asyncio
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from common import grpc_server
from common.errors import UnavailableError
from common.grpc_client import channel, unwrap
from common.grpc_server import GrpcServer
from tests.certificates import Authority
from tests.integration.common.grpc_service import (
    NAME,
    Connection,
    Everything,
    authenticator,
    serving,
    settings,
)
from tests.integration.common.tasks.workers import until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health_of(connection: Connection, service: str = "") -> int:
    stub = health_pb2_grpc.HealthStub(connection.channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
    return int(answer.status)


async def test_health_follows_lifecycle() -> None:
    server = GrpcServer(
        settings(), services={NAME: Everything().add_to}, authenticator=authenticator()
    )
    await server.start()
    async with channel(settings(), f"127.0.0.1:{server.port}") as open_channel:
        connection = Connection(Everything(), server, open_channel)
        assert await health_of(connection) == NOT_SERVING
        assert await health_of(connection, NAME) == NOT_SERVING
        await server.ready()
        assert await health_of(connection) == SERVING
        assert await health_of(connection, NAME) == SERVING
        await server.not_ready()
        assert await health_of(connection) == NOT_SERVING
        await server.stop(0)


async def test_health_and_reflection_need_no_credentials() -> None:
    async with serving() as connection:
        assert await health_of(connection) == SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(connection.channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = [answer async for answer in stub.ServerReflectionInfo(iter([request]))]
        names = {service.name for service in answers[0].list_services_response.service}
        assert NAME in names
        assert "grpc.health.v1.Health" in names


async def test_stopping_is_announced_and_calls_finish() -> None:
    async with serving() as connection:
        watching = health_pb2_grpc.HealthStub(connection.channel).Watch(
            health_pb2.HealthCheckRequest()
        )
        seen: list[int] = []

        async def watch() -> None:
            while True:
                seen.append((await watching.read()).status)

        task = asyncio.create_task(watch())
        call = connection.start("UnaryUnary", b"wait")
        await connection.service.begun.wait()
        await until(lambda: seen == [SERVING])

        stopping = asyncio.create_task(connection.server.stop(3))
        await until(lambda: seen == [SERVING, NOT_SERVING])
        assert not stopping.done()
        await stopping

        with pytest.raises(grpc.aio.AioRpcError):
            await call  # it took longer than the grace
        assert connection.service.left == ["wait"]
        task.cancel()
        await asyncio.wait([task])


async def test_port_in_use_is_an_error() -> None:
    async with serving() as connection:
        other = GrpcServer(
            settings().model_copy(update={"grpc_port": connection.server.port}),
            services={NAME: Everything().add_to},
            authenticator=authenticator(),
        )
        with pytest.raises(RuntimeError):
            await other.start()


def test_method_names_have_the_form_of_access_tables() -> None:
    assert grpc_server.method_names("SessionService", ["CreateSession"]) == [
        "/securetranscribe.v1.SessionService/CreateSession"
    ]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an untrusted authority."""
    return Authority.make(tmp_path_factory.mktemp("tls") / "stranger")


async def asks(connection: Connection) -> list[bytes]:
    """Make a call. Raise UnavailableError when there is no connection."""
    return [await unwrap(connection.start("UnaryUnary", b"who"))]


@pytest.fixture
def mutual(authority: Authority) -> dict[str, Path]:
    certificate, key = authority.issue("service")
    return {
        "grpc_tls_cert": certificate,
        "grpc_tls_key": key,
        "grpc_tls_ca": authority.certificate,
    }


async def test_mutual_tls(mutual: dict[str, Path]) -> None:
    async with serving(settings(**mutual)) as connection:
        assert await asks(connection) == [b"session_1/"]


async def test_mutual_tls_rejects_client_without_certificate(
    mutual: dict[str, Path], authority: Authority
) -> None:
    client = settings(grpc_tls_ca=authority.certificate)
    async with serving(settings(**mutual), client) as connection:
        with pytest.raises(UnavailableError):
            await asks(connection)
        assert connection.service.calls == 0


async def test_mutual_tls_rejects_certificate_of_another_authority(
    mutual: dict[str, Path], authority: Authority, stranger: Authority
) -> None:
    certificate, key = stranger.issue("intruder")
    client = settings(
        grpc_tls_ca=authority.certificate, grpc_tls_cert=certificate, grpc_tls_key=key
    )
    async with serving(settings(**mutual), client) as connection:
        with pytest.raises(UnavailableError):
            await asks(connection)
        assert connection.service.calls == 0


async def test_client_rejects_server_of_another_authority(
    mutual: dict[str, Path], stranger: Authority
) -> None:
    certificate, key = stranger.issue("impostor")
    server = settings(grpc_tls_cert=certificate, grpc_tls_key=key)
    async with serving(server, settings(**mutual)) as connection:
        with pytest.raises(UnavailableError):
            await asks(connection)


async def test_tls_without_client_certificates(authority: Authority) -> None:
    certificate, key = authority.issue("plain")
    server = settings(grpc_tls_cert=certificate, grpc_tls_key=key)
    client = settings(grpc_tls_ca=authority.certificate)
    async with serving(server, client) as connection:
        assert await asks(connection) == [b"session_1/"]


async def test_server_with_tls_rejects_plain_text(mutual: dict[str, Path]) -> None:
    async with serving(settings(**mutual), settings()) as connection:
        with pytest.raises(UnavailableError):
            await asks(connection)


def test_certificate_alone_makes_clients_use_tls(authority: Authority) -> None:
    certificate, key = authority.issue("public")

    assert grpc_server.channel_credentials(settings(grpc_tls_cert=certificate, grpc_tls_key=key))
    assert grpc_server.channel_credentials(settings()) is None
    assert grpc_server.server_credentials(settings()) is None
