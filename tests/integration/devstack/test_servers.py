"""Embedded servers as used by services."""

import asyncio
import io
import stat
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import nats
import nats.errors
import psycopg
import pytest
from minio import Minio
from minio.error import S3Error
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from nats.js.errors import APIError
from psycopg import errors
from psycopg.rows import TupleRow

from common.bus import Delivery, ensure_streams
from devstack.health import HttpProbe
from devstack.stack import EmbeddedServers
from tests.nats_clients import flushed

Connect = Callable[[str], psycopg.Connection[TupleRow]]
ROLES = ("gateway", "transcriber", "speakers")
PATIENCE = 60
"""Seconds. The awaited event is certain, but the machine may be busy."""

EVENT = "securetranscribe.events.v1.session_1.transcription.7.completed"


@pytest.fixture
def connect(servers: EmbeddedServers) -> Connect:
    def connect(role: str) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(servers.environment(role)["DATABASE_URL"], autocommit=True)

    return connect


@asynccontextmanager
async def client(url: str, **options: Any) -> AsyncIterator[Client]:
    connection = await nats.connect(url, **options)
    try:
        yield connection
    finally:
        await connection.close()


class TestPostgres:
    @pytest.mark.parametrize("role", ROLES)
    def test_each_role_works_in_its_own_schema(self, connect: Connect, role: str) -> None:
        with connect(role) as connection:
            assert connection.execute("SELECT current_schema()").fetchone() == (role,)
            connection.execute("CREATE TABLE own (id int)")
            connection.execute("INSERT INTO own VALUES (1)")
            assert connection.execute(
                "SELECT schemaname FROM pg_tables WHERE tablename = 'own' AND tableowner = %s",
                [role],
            ).fetchone() == (role,)
            connection.execute("DROP TABLE own")

    @pytest.mark.parametrize(
        ("role", "other"), [(role, other) for role in ROLES for other in ROLES if role != other]
    )
    def test_no_role_sees_another_s_rows(self, connect: Connect, role: str, other: str) -> None:
        with connect(other) as connection:
            connection.execute("CREATE TABLE private (id int)")
        try:
            with connect(role) as connection:
                for statement in (
                    f"SELECT * FROM {other}.private",
                    f"CREATE TABLE {other}.intruder (id int)",
                    f"SET ROLE {other}",
                ):
                    with pytest.raises(errors.InsufficientPrivilege):
                        connection.execute(statement)
        finally:
            with connect(other) as connection:
                connection.execute("DROP TABLE private")

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE public.shared (id int)",
            "CREATE SCHEMA more",
            "CREATE DATABASE more",
            "CREATE ROLE more",
            "DROP EXTENSION vector",
            "COPY (SELECT 1) TO '/tmp/out'",
            "SELECT rolpassword FROM pg_authid",
        ],
    )
    def test_roles_can_do_no_more_than_that(self, connect: Connect, statement: str) -> None:
        with connect("gateway") as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)

    def test_other_databases_are_closed(self, servers: EmbeddedServers) -> None:
        url = servers.postgres.url("gateway", "postgres")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url)

    def test_a_wrong_password_is_refused(self, servers: EmbeddedServers) -> None:
        url = servers.environment("gateway")["DATABASE_URL"].replace("gateway:", "gateway:x", 1)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url)

    def test_voiceprints_can_be_compared(self, connect: Connect) -> None:
        with connect("speakers") as connection:
            connection.execute("CREATE TABLE prints (v vector(3))")
            connection.execute("INSERT INTO prints VALUES ('[1,0,0]'), ('[0,1,0]')")
            connection.execute("CREATE INDEX ON prints USING hnsw (v vector_cosine_ops)")
            query = "SELECT v <=> '[1,0,0]' FROM prints ORDER BY 1"
            assert connection.execute(query).fetchall() == [(0.0,), (1.0,)]
            connection.execute("DROP TABLE prints")

    def test_case_is_folded_in_every_script(self, connect: Connect) -> None:
        with connect("speakers") as connection:
            folded = connection.execute("SELECT lower('ÄÖ ΣΑΣ ЖЯ')").fetchone()
        assert folded == ("äö σας жя",) or folded == ("äö σασ жя",)

    def test_rows_that_clash_are_not_quoted_in_the_log(
        self, connect: Connect, servers: EmbeddedServers
    ) -> None:
        with connect("gateway") as connection:
            connection.execute("CREATE TABLE names (name text PRIMARY KEY)")
            for expected in (None, errors.UniqueViolation):
                statement = ("INSERT INTO names VALUES (%s)", ["a very private name"])
                if expected is None:
                    connection.execute(*statement)
                else:
                    with pytest.raises(expected):
                        connection.execute(*statement)
            connection.execute("DROP TABLE names")
        log = servers.process("postgres").log.read_text()
        assert "duplicate key value" in log
        assert "a very private name" not in log


class TestNats:
    async def test_services_publish_and_consume(self, servers: EmbeddedServers) -> None:
        async with client(servers.nats.service_url) as connection:
            stream = connection.jetstream()
            await stream.add_stream(StreamConfig(name="PROBE", subjects=["probe.>"]))
            ack = await stream.publish("probe.x", b"hello", headers={"Nats-Msg-Id": "1"})
            again = await stream.publish("probe.x", b"hello", headers={"Nats-Msg-Id": "1"})
            assert (ack.seq, again.duplicate) == (1, True)
            consumer = await stream.pull_subscribe("probe.>", durable="probe")
            (message,) = await consumer.fetch(1, timeout=PATIENCE)
            assert message.data == b"hello"
            await stream.delete_stream("PROBE")

    async def test_messages_up_to_8_mib(self, servers: EmbeddedServers) -> None:
        async with client(servers.nats.service_url) as connection:
            assert connection.max_payload == 8 * 1024 * 1024
            inbox = await connection.subscribe("probe.large")
            await connection.publish("probe.large", b"x" * connection.max_payload)
            assert len((await inbox.next_msg(timeout=PATIENCE)).data) == connection.max_payload
            with pytest.raises(nats.errors.MaxPayloadError):
                await connection.publish("probe.large", b"x" * (connection.max_payload + 1))

    @pytest.mark.parametrize("user", ["", "service:wrong@", "provisioner:wrong@"])
    async def test_strangers_are_refused(self, servers: EmbeddedServers, user: str) -> None:
        async def quiet(error: Exception) -> None:
            pass

        connection = Client()
        with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
            await connection.connect(
                f"nats://{user}{servers.nats.address}", allow_reconnect=False, error_cb=quiet
            )
        await connection.close()

    async def test_subscribers_get_events_live_and_kept(self, servers: EmbeddedServers) -> None:
        async with (
            client(servers.nats.service_url) as service,
            client(servers.environment("subscriber")["NATS_URL"]) as subscriber,
        ):
            await ensure_streams(service.jetstream(), Delivery())
            live = await subscriber.subscribe("securetranscribe.events.v1.>")
            await subscriber.flush()
            await service.jetstream().publish(EVENT, b"event", headers={"ce-id": "9"})
            message = await live.next_msg(timeout=PATIENCE)
            assert (message.subject, message.data) == (EVENT, b"event")
            assert message.headers == {"ce-id": "9"}
            for durable in ("mine", None):
                kept = await subscriber.jetstream().pull_subscribe(
                    EVENT, stream="EVENTS", durable=durable
                )
                (copy,) = await kept.fetch(1, timeout=PATIENCE)
                assert (copy.data, copy.headers) == (b"event", {"ce-id": "9"})
                await copy.ack_sync(timeout=PATIENCE)
            ordered = await subscriber.jetstream().subscribe(EVENT, ordered_consumer=True)
            assert (await ordered.next_msg(timeout=PATIENCE)).data == b"event"
            await subscriber.jetstream().delete_consumer("EVENTS", "mine")

    async def test_subscribers_hear_nothing_else(self, servers: EmbeddedServers) -> None:
        refused: list[str] = []

        async def note(error: Exception) -> None:
            refused.append(str(error))

        async with (
            client(servers.nats.service_url) as service,
            client(servers.nats.subscriber_url, error_cb=note) as subscriber,
        ):
            heard = [await subscriber.subscribe(name) for name in (">", "securetranscribe.tasks.>")]
            await subscriber.flush()
            await service.publish("securetranscribe.tasks.v1.transcribe", b"task")
            await flushed(service)
            # Messages of the server for the subscriber arrive before the response to this.
            await subscriber.flush()
            assert len(refused) == 2
            assert all("permissions violation for subscription" in one for one in refused)
            assert sum(one.pending_msgs for one in heard) == 0

    async def test_subscribers_change_nothing(self, servers: EmbeddedServers) -> None:
        refused: list[str] = []

        async def note(error: Exception) -> None:
            refused.append(str(error))

        async with (
            client(servers.nats.service_url) as service,
            client(servers.nats.subscriber_url, error_cb=note) as subscriber,
        ):
            await ensure_streams(service.jetstream(), Delivery())
            overheard = await service.subscribe("securetranscribe.>")
            await flushed(service)
            before = (await service.jetstream().stream_info("EVENTS")).state.messages
            for subject in (EVENT, "securetranscribe.control.v1.cancel.job_1"):
                await subscriber.publish(subject, b"forged")
            await subscriber.flush()
            stream = subscriber.jetstream(timeout=0.3)
            for attempt in (
                stream.delete_stream("EVENTS"),
                stream.purge_stream("EVENTS"),
                stream.add_stream(StreamConfig(name="MINE", subjects=["mine"])),
                stream.stream_info("TASKS"),
            ):
                with pytest.raises((TimeoutError, nats.errors.Error, APIError)):
                    await attempt
            await subscriber.flush()
            await flushed(service)
            assert len(refused) == 6
            assert overheard.pending_msgs == 0
            after = (await service.jetstream().stream_info("EVENTS")).state.messages
            assert after == before

    async def test_subscribers_cannot_have_events_delivered_as_commands(
        self, servers: EmbeddedServers
    ) -> None:
        command = "securetranscribe.control.v1.cancel.job_1"
        async with (
            client(servers.nats.service_url) as service,
            client(servers.nats.subscriber_url) as subscriber,
        ):
            await ensure_streams(service.jetstream(), Delivery())
            overheard = await service.subscribe(command)
            await flushed(service)
            config = ConsumerConfig(
                durable_name="evil", deliver_subject=command, ack_policy=AckPolicy.NONE
            )
            await subscriber.jetstream().add_consumer("EVENTS", config)
            await service.jetstream().publish(EVENT, b"event")
            await asyncio.sleep(0.3)
            assert overheard.pending_msgs == 0
            await subscriber.jetstream().delete_consumer("EVENTS", "evil")

    async def test_the_copy_follows_the_services_stream(self, servers: EmbeddedServers) -> None:
        async with (
            client(servers.nats.service_url) as service,
            client(servers.nats.subscriber_url) as subscriber,
        ):
            await ensure_streams(service.jetstream(), Delivery())
            await servers.share_events()
            original = (await service.jetstream().stream_info("EVENTS")).config
            copy = (await subscriber.jetstream().stream_info("EVENTS")).config
            assert sorted(copy.subjects or []) == sorted(original.subjects or [])
            assert (copy.max_age, copy.max_bytes) == (original.max_age, original.max_bytes)
            await servers.share_events()

    async def test_the_monitor_tells_no_password(self, servers: EmbeddedServers) -> None:
        probe = servers.nats.probe()
        assert isinstance(probe, HttpProbe)
        url = f"http://{probe.host}:{probe.port}"

        def read(path: str) -> str:
            with urllib.request.urlopen(f"{url}{path}", timeout=PATIENCE) as answer:
                return str(answer.read().decode())

        pages = [await asyncio.to_thread(read, path) for path in ("/varz", "/connz?auth=1")]
        assert not any(servers.credentials.nats_service in page for page in pages)


class TestS3:
    @pytest.mark.parametrize("bucket", ["audio", "results"])
    def test_objects_round_trip(self, servers: EmbeddedServers, bucket: str) -> None:
        store = servers.s3.client()
        data = bytes(range(256)) * 40_000  # more than one part of 5 MiB
        store.put_object(bucket, "1/source", io.BytesIO(data), -1, part_size=5 * 1024 * 1024)
        with store.get_object(bucket, "1/source") as whole:
            assert whole.read() == data
        with store.get_object(bucket, "1/source", offset=1000, length=10) as piece:
            assert piece.read() == data[1000:1010]
        store.remove_object(bucket, "1/source")
        assert [*store.list_objects(bucket, prefix="1/", recursive=True)] == []

    def test_services_reach_two_buckets_only(self, servers: EmbeddedServers) -> None:
        admin = servers.s3.client()
        if not admin.bucket_exists("others"):
            admin.make_bucket("others")
        admin.put_object("others", "secret", io.BytesIO(b"secret"), 6)
        service = Minio(
            servers.s3.address,
            access_key=servers.credentials.s3_access_key,
            secret_key=servers.credentials.s3_secret_key,
            secure=False,
            region="us-east-1",
        )
        for attempt in (
            lambda: service.get_object("others", "secret"),
            lambda: service.put_object("others", "mine", io.BytesIO(b"x"), 1),
            lambda: service.remove_object("others", "secret"),
            lambda: [*service.list_objects("others")],
            lambda: service.make_bucket("more"),
            lambda: service.remove_bucket("others"),
            lambda: service.remove_bucket("audio"),
        ):
            with pytest.raises(S3Error, match="AccessDenied"):
                attempt()
        assert service.bucket_exists("audio")
        service.put_object("audio", "own", io.BytesIO(b"x"), 1)
        service.remove_object("audio", "own")

    def test_strangers_are_refused(self, servers: EmbeddedServers) -> None:
        store = servers.s3.client()
        store.put_object("audio", "2/source", io.BytesIO(b"secret"), 6)
        url = f"{servers.environment('transcriber')['S3_ENDPOINT']}/audio/2/source"
        with pytest.raises(urllib.error.HTTPError, match="403") as caught:
            urllib.request.urlopen(url, timeout=PATIENCE)
        caught.value.close()

    def test_inner_parts_do_not_serve_objects(self, servers: EmbeddedServers) -> None:
        options = (servers.s3.data / "options").read_text().splitlines()
        ports = dict(line.split("=", 1) for line in options)
        for part, path in (("volume", "/1,01"), ("filer", "/buckets/audio/2/source")):
            url = f"http://127.0.0.1:{ports[f'{part}.port']}{path}"
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url, timeout=PATIENCE)
            assert caught.value.code in (401, 404)
            caught.value.close()


def test_services_only_have_the_variables_they_need(servers: EmbeddedServers) -> None:
    names = {
        service: {name for name in servers.environment(service) if not name.startswith("S3_")}
        | ({"S3_*"} if "S3_ENDPOINT" in servers.environment(service) else set())
        for service in (
            "gateway",
            "transcriber",
            "transcriber-worker",
            "diarizer",
            "speakers",
            "exporter",
            "subscriber",
        )
    }
    assert names == {
        "gateway": {"NATS_URL", "DATABASE_URL"},
        "transcriber": {"NATS_URL", "DATABASE_URL", "S3_*", "ENCRYPTION_KEY_FILE"},
        "transcriber-worker": {"NATS_URL"},
        "diarizer": {"NATS_URL"},
        "speakers": {"NATS_URL", "DATABASE_URL"},
        "exporter": {"NATS_URL"},
        "subscriber": {"NATS_URL"},
    }


def test_the_data_directory_is_private(servers: EmbeddedServers) -> None:
    # Modes below the 0700 directories of Postgres and SeaweedFS do not matter.
    for path in [servers.files.root, *servers.files.root.glob("*"), *servers.files.run.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_secret_is_on_a_command_line_or_in_a_log(servers: EmbeddedServers) -> None:
    secrets = vars(servers.credentials).values()
    for process in servers.processes:
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            command = file.read().decode()
        text = command + process.log.read_text(errors="replace")
        assert not any(secret in text for secret in secrets), process.name
