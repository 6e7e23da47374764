"""The service as a separate process."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping

import grpc.aio
import psycopg

from common.grpc_client import channel
from common.postgres import Database
from common.signing import CallSigner
from speakers.settings import SpeakersSettings
from tests.integration.serving import healthy
from tests.integration.speakers.conftest import SECRET, Service
from tests.ports import free_port


async def start(*arguments: str, **variables: str) -> asyncio.subprocess.Process:
    inherited = ("PATH", "PYTHONPATH", "HOME")
    environment: Mapping[str, str] = {
        **{name: os.environ[name] for name in inherited if name in os.environ},
        "SECRET_KEY": SECRET,
        **variables,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "speakers", *arguments, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_process_serves_until_sigterm(
    postgres_url: Callable[[str], str],
    service_nats_url: Callable[[str], str],
    database: Database,
) -> None:
    port = free_port()
    # The service starts without the gateway and the diarizer.
    nobody = f"127.0.0.1:{free_port()}"
    process = await start(
        DATABASE_URL=postgres_url("speakers"),
        NATS_URL=service_nats_url("speakers"),
        GRPC_PORT=str(port),
        GATEWAY_GRPC=nobody,
        DIARIZER_GRPC=nobody,
    )
    address = f"127.0.0.1:{port}"
    settings = SpeakersSettings(secret_key=SECRET, grpc_port=0, database_url="unused")
    signer = CallSigner(SECRET, "transcriber")
    async with (
        grpc.aio.insecure_channel(address) as plain,
        channel(settings, address, receiver="speakers", signer=signer) as signed,
    ):
        await healthy(plain, lambda: process.returncode is not None)
        service = Service(channel=plain, signed=signed)
        assert (await service.transcriber().create("Ann")).name == "Ann"
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    row = await database.fetch_one("SELECT name FROM profiles")
    assert row is not None
    assert row["name"] == "Ann"
    secrets = (SECRET, psycopg.conninfo.conninfo_to_dict(postgres_url("speakers"))["password"])
    assert not any(str(secret).encode() in errors for secret in secrets)


async def test_migrate_command(postgres_url: Callable[[str], str], database: Database) -> None:
    process = await start("migrate", DATABASE_URL=postgres_url("speakers"), GRPC_PORT="0")
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert said == b""  # all migrations have been applied before


async def test_altered_migration_is_one_line(
    postgres_url: Callable[[str], str], database: Database
) -> None:
    name = "background_0001_item_attempts.sql"
    await database.execute(
        "UPDATE schema_migrations SET sha256 = 'x' || sha256 WHERE name = %s", (name,)
    )
    try:
        process = await start("migrate", DATABASE_URL=postgres_url("speakers"), GRPC_PORT="0")
        _, errors = await process.communicate()
    finally:
        await database.execute(
            "UPDATE schema_migrations SET sha256 = substr(sha256, 2) WHERE name = %s", (name,)
        )
    assert process.returncode == 1
    assert errors.decode().splitlines() == [
        f"The migration {name} was changed after it was applied. Restore the file."
    ]


async def test_invalid_settings_are_named() -> None:
    process = await start(DATABASE_URL="postgresql://h/d", GRPC_PORT="0", CONFIDENCE_THRESHOLD="2")
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert b"CONFIDENCE_THRESHOLD" in errors
    process = await start("dance")
    assert await process.wait() != 0
