"""Provisioning of real servers, already provisioned by the test stack."""

import asyncio
import os
import subprocess
import sys

import psycopg
import pytest
from minio import Minio
from nats.aio.client import Client as Nats
from psycopg import sql

from common.bus import EVENTS_STREAM
from common.errors import ApplicationError
from common.provisioning import database
from common.provisioning.database import ROLES
from common.settings import ObjectSettings
from devstack.stack import EmbeddedServers

BUCKETS = ("provisioned-audio", "provisioned-results")


@pytest.fixture
def variables(servers: EmbeddedServers, s3: ObjectSettings) -> dict[str, str]:
    credentials = servers.credentials
    values = {
        "PROVISION_DATABASE_URL": servers.postgres.url("postgres", "postgres"),
        "NATS_URL": servers.nats.service_url,
        "NATS_PROVISIONER_URL": (
            f"nats://provisioner:{credentials.nats_provisioner}@{servers.nats.address}"
        ),
        "S3_ENDPOINT": s3.s3_endpoint,
        "S3_ACCESS_KEY": credentials.s3_admin_access_key,
        "S3_SECRET_KEY": credentials.s3_admin_secret_key,
        "S3_BUCKET_AUDIO": BUCKETS[0],
        "S3_BUCKET_RESULTS": BUCKETS[1],
    }
    for role in ROLES:
        values[f"{role.upper()}_DATABASE_URL"] = servers.postgres.url(role)
    return values


def provision(variables: dict[str, str]) -> tuple[int, str]:
    """Exit status and log of a run."""
    done = subprocess.run(
        [sys.executable, "-m", "common.provisioning"],
        env={**os.environ, **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_provisioning_is_idempotent(
    servers: EmbeddedServers, s3: ObjectSettings, variables: dict[str, str]
) -> None:
    for _ in range(2):
        code, said = provision(variables)
        assert code == 0, said
    for role in ROLES:
        with psycopg.connect(servers.postgres.url(role)) as connection:
            assert connection.execute("SELECT current_schema()").fetchone() == (role,)
            others = [other for other in ROLES if other != role]
            for other in others:
                use = sql.SQL("SELECT has_schema_privilege({}, 'usage')").format(sql.Literal(other))
                assert connection.execute(use).fetchone() == (False,)
    client = Minio(
        s3.s3_endpoint.removeprefix("http://"),
        access_key=variables["S3_ACCESS_KEY"],
        secret_key=variables["S3_SECRET_KEY"],
        secure=False,
    )
    assert all(client.bucket_exists(bucket) for bucket in BUCKETS)
    for secret in ("postgres_superuser", "nats_service", "s3_secret_key", "postgres_gateway"):
        assert getattr(servers.credentials, secret) not in said


async def test_copy_for_subscribers_has_lifecycle_events_only(
    servers: EmbeddedServers, variables: dict[str, str]
) -> None:
    code, said = await asyncio.to_thread(provision, variables)
    assert code == 0, said
    services, outside = Nats(), Nats()
    await services.connect(variables["NATS_URL"])
    await outside.connect(servers.nats.subscriber_url)
    try:
        original = (await services.jetstream().stream_info(EVENTS_STREAM)).config
        copy = (await outside.jetstream().stream_info(EVENTS_STREAM)).config
        assert copy.subjects == original.subjects
        assert copy.max_age == original.max_age
    finally:
        await services.close()
        await outside.close()


def test_refusing_server_is_reported_without_its_url(
    servers: EmbeddedServers, variables: dict[str, str]
) -> None:
    wrong = {"PROVISION_DATABASE_URL": servers.postgres.url("speakers"), "PROVISION_SECONDS": "1"}
    code, said = provision(variables | wrong)
    assert code == 1
    assert "cannot provision" in said
    assert servers.credentials.postgres_speakers not in said


def test_database_in_another_encoding_is_rejected(
    servers: EmbeddedServers, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser = variables["PROVISION_DATABASE_URL"]
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS in_ascii")
        connection.execute(
            "CREATE DATABASE in_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
        monkeypatch.setattr(database, "DATABASE", "in_ascii")
        with pytest.raises(ApplicationError, match="not in UTF-8"):
            database.provision(superuser, {})
        connection.execute("DROP DATABASE in_ascii")


def test_missing_database_is_created_in_utf8(
    servers: EmbeddedServers, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    superuser = variables["PROVISION_DATABASE_URL"]
    monkeypatch.setattr(database, "DATABASE", "made_new")
    database.provision(superuser, {})
    # The server's first database may have another encoding, whose text comes as bytes.
    with psycopg.connect(superuser, autocommit=True, client_encoding="utf8") as connection:
        asked = "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'made_new'"
        assert connection.execute(asked).fetchone() == ("UTF8",)
        connection.execute("DROP DATABASE made_new")
