import asyncio
import json
from pathlib import Path

from devstack.files import DataDirectory
from devstack.services import SERVICES
from tests.chaos.network import PAIRS, SERVICE_VARIABLES, VARIABLES, Network, rewired


def test_every_service_has_a_variable() -> None:
    names = {one.address_variable: f"{one.name}{'-1' * one.scaled}" for one in SERVICES}
    assert names == SERVICE_VARIABLES


def test_peers_have_variables() -> None:
    assert {peer for _, peer in PAIRS} <= set(VARIABLES.values())


def test_addresses_are_replaced_and_all_else_is_kept() -> None:
    variables = {
        "DATABASE_URL": "postgresql://gateway:a%40b@127.0.0.1:5432/securetranscribe?x=1",
        "NATS_URL": "nats://gateway:secret@127.0.0.1:4222",
        "S3_ENDPOINT": "http://127.0.0.1:9000",
        "SPEAKERS_GRPC": "127.0.0.1:7000",
        "EXPORTER_GRPC": "127.0.0.1:7001",
        "LOG_LEVEL": "INFO",
    }
    ports = {"postgres": 1, "nats": 2, "s3": 3, "speakers": 4}
    assert rewired(variables, ports) == {
        "DATABASE_URL": "postgresql://gateway:a%40b@127.0.0.1:1/securetranscribe?x=1",
        "NATS_URL": "nats://gateway:secret@127.0.0.1:2",
        "S3_ENDPOINT": "http://127.0.0.1:3",
        "SPEAKERS_GRPC": "127.0.0.1:4",
        "EXPORTER_GRPC": "127.0.0.1:7001",
        "LOG_LEVEL": "INFO",
    }


async def test_links_lead_to_the_ports_of_the_stack(tmp_path: Path) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"speakers")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    network = await Network.listening()
    try:
        assert set(network.links) == set(PAIRS)
        port = network.table()["gateway"]["speakers"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()

        network.files = DataDirectory(root=tmp_path)
        ports = {"speakers-grpc": server.sockets[0].getsockname()[1]}
        network.files.ports.write_text(json.dumps(ports))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"speakers"
        writer.close()
        assert set(PAIRS) - set(network.idle()) == {("gateway", "speakers")}
    finally:
        await network.close()
        server.close()
