"""Provision Postgres, S3 and NATS: `python -m common.provisioning`. Safe to run at any time."""

import asyncio
import sys
import time
from urllib.parse import urlsplit

import psycopg
import urllib3
from minio import Minio
from minio.error import MinioException
from nats.aio.client import Client

from common import bus, logging, settings
from common.errors import ApplicationError, UnavailableError
from common.provisioning import database, object_user
from common.provisioning.event_copy import share_events
from common.provisioning.settings import ProvisioningSettings
from common.runtime import eventually

_log = logging.get(__name__)


def main() -> int:
    """Return 0 when everything is provisioned, 1 when a server did not answer or refused."""
    wanted = settings.load(ProvisioningSettings)
    logging.configure(service="provisioning", level=wanted.log_level, style=wanted.log_format)
    began = time.monotonic()
    try:
        asyncio.run(_provision(wanted))
    except ApplicationError as error:
        _log.error("cannot provision", reason=error.message)
        return 1
    _log.info("provisioned", seconds=round(time.monotonic() - began, 1))
    return 0


async def _provision(wanted: ProvisioningSettings) -> None:
    seconds = wanted.provision_seconds
    if wanted.provision_database_url.get_secret_value():
        await eventually(lambda: asyncio.to_thread(_database, wanted), wait_seconds=seconds)
        _log.info("database ready", roles=sorted(wanted.passwords()))
    if wanted.s3_endpoint:
        await eventually(lambda: asyncio.to_thread(_buckets, wanted), wait_seconds=seconds)
        _log.info("buckets ready", buckets=[wanted.s3_bucket_audio, wanted.s3_bucket_results])
        if wanted.s3_root[0] != wanted.s3_access_key.get_secret_value():
            await eventually(lambda: asyncio.to_thread(_object_user, wanted), wait_seconds=seconds)
            _log.info("user of the buckets ready")
    if wanted.nats_url.get_secret_value():
        await _streams(wanted)
        _log.info("streams ready")


def _database(wanted: ProvisioningSettings) -> None:
    try:
        database.provision(wanted.provision_database_url.get_secret_value(), wanted.passwords())
    except psycopg.OperationalError as error:
        raise UnavailableError("The database does not answer.") from error
    except psycopg.Error as error:
        # The server's message names a statement or a right. Passwords reach it only hashed.
        reason = error.diag.message_primary or type(error).__name__
        raise ApplicationError(f"The database refused: {reason}") from error


def _buckets(wanted: ProvisioningSettings) -> None:
    url = urlsplit(wanted.s3_endpoint)
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False)
    access_key, secret_key = wanted.s3_root
    client = Minio(
        url.netloc,
        access_key=access_key,
        secret_key=secret_key,
        secure=url.scheme == "https",
        region=wanted.s3_region,
        http_client=pool,
    )
    try:
        for bucket in (wanted.s3_bucket_audio, wanted.s3_bucket_results):
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket)
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise UnavailableError("The object store does not answer or refuses.") from error


def _object_user(wanted: ProvisioningSettings) -> None:
    access_key, secret_key = wanted.s3_root
    admin = object_user.administrator(
        wanted.s3_endpoint,
        access_key=access_key,
        secret_key=secret_key,
        region=wanted.s3_region,
        pool=urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False),
    )
    object_user.provision(
        admin,
        access_key=wanted.s3_access_key.get_secret_value(),
        secret_key=wanted.s3_secret_key.get_secret_value(),
        buckets=(wanted.s3_bucket_audio, wanted.s3_bucket_results),
    )


async def _streams(wanted: ProvisioningSettings) -> None:
    services = await _connected(wanted.nats_url.get_secret_value(), wanted)
    try:
        delivery = bus.Delivery(
            ack_wait_seconds=wanted.task_ack_wait_seconds, max_deliver=wanted.task_max_deliver
        )
        await bus.ensure_streams(services.jetstream(), delivery)
        if wanted.nats_provisioner_url.get_secret_value():
            subscribers = await _connected(wanted.nats_provisioner_url.get_secret_value(), wanted)
            try:
                await share_events(services.jetstream(), subscribers.jetstream())
            finally:
                await bus.close(subscribers)
    finally:
        await bus.close(services)


async def _connected(url: str, wanted: ProvisioningSettings) -> Client:
    return await bus.connect(url, name="provisioning", wait_seconds=wanted.provision_seconds)


if __name__ == "__main__":
    sys.exit(main())
