import asyncio
import json
import stat
import tomllib
from pathlib import Path

import pytest

from devstack.credentials import StackCredentials
from devstack.disk import OBJECT_RESERVE_BYTES, UPLOAD_RESERVE_BYTES
from devstack.files import DataDirectory
from devstack.s3 import S3Ports, S3Server, identities, security

CREDENTIALS = StackCredentials()


@pytest.fixture
def server(tmp_path: Path) -> S3Server:
    files = DataDirectory(root=tmp_path)
    files.create()
    numbers = iter(range(1000, 2000))

    def take(name: str, *, above: int = 0) -> int:
        return next(numbers)

    ports = S3Ports.choose(take)
    return S3Server(files=files, ports=ports, credentials=CREDENTIALS)


def test_services_have_rights_in_two_buckets_only() -> None:
    users = {one["name"]: one for one in json.loads(identities(CREDENTIALS))["identities"]}
    assert users.keys() == {"service", "admin"}
    assert users["service"]["credentials"] == [
        {"accessKey": CREDENTIALS.s3_access_key, "secretKey": CREDENTIALS.s3_secret_key}
    ]
    assert users["service"]["actions"] == [
        "Read:audio", "Write:audio", "List:audio", "Read:results", "Write:results", "List:results"
    ]  # fmt: skip
    assert users["admin"]["credentials"] != users["service"]["credentials"]


def test_internal_parts_require_signatures() -> None:
    value = tomllib.loads(security(CREDENTIALS))
    for section in ("signing", "filer_signing"):
        assert value["jwt"][section]["key"] == CREDENTIALS.s3_internal_key
        assert value["jwt"][section]["read"]["key"] == CREDENTIALS.s3_internal_key


async def test_files_are_private_and_the_command_line_has_no_secret(server: S3Server) -> None:
    await server.prepare()
    for name in ("identities.json", "security.toml", "options"):
        assert stat.S_IMODE((server.data / name).stat().st_mode) == 0o600
    command = " ".join(server.spec().command)
    assert CREDENTIALS.s3_secret_key not in command
    assert CREDENTIALS.s3_internal_key not in command


async def test_options(server: S3Server) -> None:
    await server.prepare()
    lines = (server.data / "options").read_text().splitlines()
    options = dict(line.split("=", 1) for line in lines)
    assert options["master.telemetry"] == "false"
    assert options["disableHttp"] == "true"
    assert options["ip.bind"] == "127.0.0.1"
    assert options["bucket"] == "audio,results"
    ports = [value for name, value in options.items() if ".port" in name and value != "0"]
    assert len(ports) == 10
    assert len(set(ports)) == 10


async def test_saved_options_of_an_earlier_start_are_removed(server: S3Server) -> None:
    await server.prepare()
    written = server.data / "objects" / "mini.options"
    written.write_text("s3.port=1\n")
    await server.prepare()
    assert not written.exists()


def test_memory_is_limited_and_telemetry_variables_do_not_reach_it(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_BUCKET", "stray")
    environment = server.spec().environment
    assert environment["GOMEMLIMIT"] == "512MiB"
    assert "S3_BUCKET" not in environment


def test_variables_for_services(server: S3Server) -> None:
    assert server.environment() == {
        "S3_ENDPOINT": f"http://{server.address}",
        "S3_ACCESS_KEY": CREDENTIALS.s3_access_key,
        "S3_SECRET_KEY": CREDENTIALS.s3_secret_key,
        "S3_BUCKET_AUDIO": "audio",
        "S3_BUCKET_RESULTS": "results",
        "S3_LOCAL_DIRECTORY": str(server.data),
        "S3_LOCAL_RESERVE": str(UPLOAD_RESERVE_BYTES),
    }


def test_sockets_of_a_killed_server_are_removed(server: S3Server) -> None:
    numbers = [port for name, port in server._ports.internal.items() if name.endswith("grpc")]
    left = Path(f"/tmp/seaweedfs-master-grpc-{numbers[0]}.sock")
    left.touch()
    server.remove_sockets()
    assert not left.exists()


def test_the_object_store_leaves_a_reserve_on_the_disk(server: S3Server) -> None:
    asyncio.run(server.prepare())
    options = dict(
        line.split("=", 1) for line in (server.data / "options").read_text().splitlines()
    )
    assert options["volume.minFreeSpace"] == f"{OBJECT_RESERVE_BYTES // 1024**2}MiB"
