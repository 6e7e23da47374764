"""NATS: connections, streams, and the names of all subjects."""

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    KeyValueConfig,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from common import logging
from common.errors import DiskFullError, UnavailableError

PREFIX = "securetranscribe"
TASKS_STREAM = "TASKS"
RESULTS_STREAM = "RESULTS"
EVENTS_STREAM = "EVENTS"
AUDIT_STREAM = "AUDIT"
#: Begin of the subjects with which services erase events from the copy for subscribers.
EVENT_COPY_API = f"{PREFIX}.event_copy"
#: Requests about the copy that the account of subscribers lends to that of services.
EVENT_COPY_REQUESTS = tuple(
    f"STREAM.{verb}.{EVENTS_STREAM}" for verb in ("PURGE", "MSG.GET", "MSG.DELETE")
)
RESULTS_CONSUMER = "coordinator"
PROFILES_CONSUMER = "transcriber-profiles"
AUDIT_CONSUMER = "gateway-audit"
WEBHOOKS_CONSUMER = "gateway-webhooks"
MAX_DELIVERIES_ADVISORY = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{TASKS_STREAM}.>"
CANCELLED_BUCKET = "cancelled"
MAX_PAYLOAD = 1024 * 1024

#: Ends of the subjects of events that are kept in the stream.
KEPT_VERBS = (
    "created", "deleted", "speakers_assigned", "queued", "started", "completed", "failed",
    "cancelled", "revoked", "updated", "expiring", "edited", "restored",
)  # fmt: skip

#: NATS reserves the whole limit of a stream, so the limit must fit on a small disk.
EVENTS_BYTES = 256 * 1024**2
_EVENTS_KEPT_SECONDS = 7 * 24 * 3600
_DUPLICATE_WINDOW_SECONDS = 600
_CANCELLED_KEPT_SECONDS = 7 * 24 * 3600
_INSUFFICIENT_STORAGE = 10047
_log = logging.get(__name__)


def tasks_subject(stage: str) -> str:
    """Return the subject for tasks of a stage (`transcribe`, `diarize`)."""
    return f"{PREFIX}.tasks.v1.{stage}"


def results_subject(stage: str) -> str:
    """Return the subject for results of a stage."""
    return f"{PREFIX}.results.v1.{stage}"


def progress_subject(task_id: str) -> str:
    """Return the subject for progress reports on a task."""
    return f"{PREFIX}.progress.v1.{task_id}"


def worker_subject(stage: str, worker_id: str) -> str:
    """Return the subject for a worker's heartbeats."""
    return f"{PREFIX}.workers.v1.{stage}.{worker_id}"


def cancel_subject(job_id: str) -> str:
    """Return the subject for the cancellation of a job."""
    return f"{PREFIX}.control.v1.cancel.{job_id}"


def live_subject(transcription_id: int | str) -> str:
    """Return the subject for the results of a live session, for its followers."""
    return f"{PREFIX}.live.v1.{transcription_id}"


def audit_subject(service: str) -> str:
    """Return the subject for a service's entries of the audit log."""
    return f"{PREFIX}.audit.v1.{service}"


def event_subject(workspace_id: str, entity: str, entity_id: str | int, verb: str) -> str:
    """Return the subject for an event. `workspace_id` is empty when it concerns everybody."""
    return f"{event_prefix(workspace_id)}{entity}.{entity_id}.{verb}"


def event_prefix(workspace_id: str) -> str:
    """Return the beginning of the subjects of events about a workspace."""
    return f"{PREFIX}.events.v1.{workspace_id or 'all'}."


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Rules for redelivering the tasks of silent workers."""

    ack_wait_seconds: float = 15
    max_deliver: int = 4
    stages: tuple[str, ...] = field(default=("transcribe", "diarize"))


def user_of(url: str) -> str:
    """Return the user in the URL of a server, which is the name of a service. Empty without one."""
    return urlsplit(url).username or ""


def inbox_prefix(user: str) -> str:
    """Return the beginning of the subjects of replies to a user, which others may not read."""
    return f"_INBOX.{user}" if re.fullmatch(r"[\w-]+", user) else "_INBOX"


async def connect(url: str, *, name: str, wait_seconds: float = 60) -> Client:
    """Connect within `wait_seconds`. A broken connection is reopened indefinitely.

    Raises:
        UnavailableError: no server answered in time.
    """
    client = Client()
    try:
        # With unlimited reconnects the client would retry the first connection forever, too.
        async with asyncio.timeout(wait_seconds):
            inboxes = inbox_prefix(user_of(url))
            await client.connect(url, name=name, inbox_prefix=inboxes, **_connect_options())
    except (OSError, ValueError, nats.errors.Error) as error:
        if isinstance(error, TimeoutError):
            await client.close()  # a connection may be half open
        raise UnavailableError("NATS does not answer. Check NATS_URL.") from error
    return client


def _connect_options() -> dict[str, Any]:
    return {
        "allow_reconnect": True,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.5,
        "connect_timeout": 3,
        "drain_timeout": 2,
        "error_cb": _on_error,
        "disconnected_cb": _on_disconnected,
        "reconnected_cb": _on_reconnected,
    }


async def close(client: Client) -> None:
    """Flush pending messages and close the connection, also while the server is away."""
    with contextlib.suppress(nats.errors.Error, OSError):
        await client.drain()
    with contextlib.suppress(OSError):
        await client.close()


async def ensure_tasks(stream: JetStreamContext, stage: str, delivery: Delivery) -> None:
    """Find the tasks of a stage. Create the streams if they are missing and the user may do that.

    Raises:
        UnavailableError: JetStream does not answer yet, or the streams are missing.
        DiskFullError: it has no room for the limits of the streams.
    """
    try:
        await stream.consumer_info(TASKS_STREAM, stage)
    except nats.js.errors.NotFoundError:
        await ensure_streams(stream, delivery)
    except (nats.errors.TimeoutError, nats.js.errors.ServiceUnavailableError) as error:
        raise UnavailableError("NATS answers without JetStream. Is it enabled?") from error


async def ensure_events(stream: JetStreamContext) -> None:
    """Find the stream of events. Create all streams if it is missing and the user may do that.

    Raises:
        UnavailableError: JetStream does not answer yet, or the stream is missing.
        DiskFullError: it has no room for the limits of the streams.
    """
    try:
        await stream.stream_info(EVENTS_STREAM)
    except nats.js.errors.NotFoundError:
        await ensure_streams(stream, Delivery())
    except (nats.errors.TimeoutError, nats.js.errors.ServiceUnavailableError) as error:
        raise UnavailableError("NATS answers without JetStream. Is it enabled?") from error


async def ensure_streams(stream: JetStreamContext, delivery: Delivery) -> None:
    """Create missing streams and consumers, and update those configured differently.

    Raises:
        UnavailableError: JetStream does not answer yet.
        DiskFullError: it has no room for the limits of the streams.
    """
    try:
        await _ensure_streams(stream)
        await _ensure_consumers(stream, delivery)
    except (nats.errors.TimeoutError, nats.js.errors.ServiceUnavailableError) as error:
        raise UnavailableError(
            "NATS answers without JetStream. Is it enabled, and has the user of NATS_URL the "
            "permissions of deploy/nats/nats.conf?"
        ) from error
    except nats.js.errors.ServerError as error:
        if error.err_code != _INSUFFICIENT_STORAGE:
            raise
        raise DiskFullError(
            "NATS has no room for its streams. Free space on its disk, or set max_file_store."
        ) from error


async def _ensure_streams(stream: JetStreamContext) -> None:
    subjects = {
        TASKS_STREAM: ([f"{PREFIX}.tasks.v1.*"], RetentionPolicy.WORK_QUEUE),
        RESULTS_STREAM: ([f"{PREFIX}.results.v1.*"], RetentionPolicy.WORK_QUEUE),
        AUDIT_STREAM: ([audit_subject("*")], RetentionPolicy.WORK_QUEUE),
    }
    for name, (subject, retention) in subjects.items():
        await _ensure_stream(
            stream,
            StreamConfig(
                name=name,
                subjects=subject,
                retention=retention,
                storage=StorageType.FILE,
                duplicate_window=_DUPLICATE_WINDOW_SECONDS,
            ),
        )
    await _ensure_stream(
        stream,
        StreamConfig(
            name=EVENTS_STREAM,
            # Progress and queue changes end in other verbs, so they are not kept.
            subjects=[f"{PREFIX}.events.v1.*.*.*.{verb}" for verb in KEPT_VERBS],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=_EVENTS_KEPT_SECONDS,
            max_bytes=EVENTS_BYTES,
            discard=DiscardPolicy.OLD,
            duplicate_window=_DUPLICATE_WINDOW_SECONDS,
        ),
    )
    await _ensure_bucket(stream)


async def _ensure_consumers(stream: JetStreamContext, delivery: Delivery) -> None:
    for stage in delivery.stages:
        await stream.add_consumer(
            TASKS_STREAM,
            ConsumerConfig(
                durable_name=stage,
                filter_subject=tasks_subject(stage),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=delivery.ack_wait_seconds,
                max_deliver=delivery.max_deliver,
                max_ack_pending=10_000,
            ),
        )
    await stream.add_consumer(
        RESULTS_STREAM,
        ConsumerConfig(
            durable_name=RESULTS_CONSUMER,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=60,
            max_deliver=-1,
        ),
    )
    await stream.add_consumer(AUDIT_STREAM, audit_consumer())


def audit_consumer() -> ConsumerConfig:
    """Return the configuration of the consumer keeping the audit log."""
    return ConsumerConfig(
        durable_name=AUDIT_CONSUMER,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=10,
        max_deliver=-1,
    )


def webhooks_consumer() -> ConsumerConfig:
    """Return the configuration of the consumer of events for webhooks. It begins with new ones."""
    return ConsumerConfig(
        durable_name=WEBHOOKS_CONSUMER,
        filter_subjects=[
            event_subject("*", entity, "*", "*") for entity in ("job", "transcription")
        ],
        deliver_policy=DeliverPolicy.NEW,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=60,
        max_deliver=-1,
    )


async def _ensure_bucket(stream: JetStreamContext) -> None:
    config = KeyValueConfig(bucket=CANCELLED_BUCKET, ttl=_CANCELLED_KEPT_SECONDS)
    try:
        await stream.create_key_value(config)
    except nats.js.errors.BadRequestError:
        _log.debug("the bucket of cancelled jobs has another configuration and is left unchanged")


async def _ensure_stream(stream: JetStreamContext, config: StreamConfig) -> None:
    try:
        await stream.add_stream(config)
    except nats.js.errors.BadRequestError:
        await stream.update_stream(config)


async def _on_error(error: Exception) -> None:
    _log.warning("nats error", error=str(error) or type(error).__name__)


async def _on_disconnected() -> None:
    _log.warning("nats disconnected")


async def _on_reconnected() -> None:
    _log.info("nats reconnected")
