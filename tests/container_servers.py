"""Servers of docker-compose.yml as containers, for tests with `INFRA=containers`.

They have the same interface as the embedded ones (devstack.stack.EmbeddedServers), as far as used.
"""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from common.bus_rights import RIGHTS
from devstack.credentials import StackCredentials
from devstack.database import DATABASE, ROLES
from devstack.stack import service_variables
from tests.ports import free_port
from tests.unit.deploy.compose_files import BASE, ROOT, read

_READY_SECONDS = 60
_PORTS = {"postgres": 5432, "nats": 4222, "minio": 9000}


class Server:
    """One container, with the same address after every restart."""

    def __init__(self, service: str, variables: Mapping[str, str]) -> None:
        images = {name: value for name, value in os.environ.items() if name.endswith("_IMAGE")}
        described = read(BASE, {**images, **variables})["services"][service]
        self._health: list[str] = described["healthcheck"]["test"]
        self._port = free_port()
        self._container = DockerContainer(described["image"])
        # On this machine only, which `with_bind_ports` does not support.
        ports: dict[str, Any] = self._container.ports
        ports[str(_PORTS[service])] = ("127.0.0.1", self._port)
        self._container.with_command(described.get("command"))
        for name, value in described["environment"].items():
            self._container.with_env(name, value)
        for volume in described["volumes"]:
            source, _, target = volume.partition(":")
            if source.startswith("./"):
                self._container.with_volume_mapping(str(ROOT / source), target.split(":")[0], "ro")

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self._port}"

    def create(self) -> None:
        """Create and start the container."""
        self._container.start()
        self.wait_healthy()

    def remove(self) -> None:
        """Remove the container with its data."""
        self._container.stop()

    def kill(self) -> None:
        """Send SIGKILL, as devstack.process.Process does."""
        self._engine.kill()
        self._engine.wait()

    def restart(self) -> None:
        """Restart the container, running or not, and wait until it is healthy."""
        self._engine.restart()
        self.wait_healthy()

    def wait_healthy(self) -> None:
        """Wait with the health check of compose."""
        how, *command = self._health
        asked = ["sh", "-c", command[0]] if how == "CMD-SHELL" else command
        deadline = time.monotonic() + _READY_SECONDS
        while self._engine.exec_run(asked).exit_code != 0:
            if time.monotonic() > deadline:
                raise TimeoutError(self._engine.logs(tail=20).decode())
            time.sleep(0.2)

    @property
    def _engine(self) -> Any:
        return self._container.get_wrapped_container()


class Postgres(Server):
    """The database."""

    def __init__(self, credentials: StackCredentials) -> None:
        super().__init__("postgres", {"POSTGRES_PASSWORD": credentials.postgres_superuser})
        self._credentials = credentials

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the connection URL of a role."""
        password = self._credentials.postgres_password(role)
        return f"postgresql://{role}:{password}@{self.address}/{database}"


class Nats(Server):
    """The message broker."""

    def __init__(self, credentials: StackCredentials) -> None:
        self._passwords = {
            user: credentials.nats_password(user)
            for user in ("service", *RIGHTS, "provisioner", "subscriber")
        }
        super().__init__(
            "nats",
            {
                f"NATS_{user.upper().replace('-', '_')}_PASSWORD": word
                for user, word in self._passwords.items()
            },
        )

    def url(self, user: str) -> str:
        """Return the URL of a user."""
        return f"nats://{user}:{self._passwords[user]}@{self.address}"

    @property
    def service_url(self) -> str:
        """URL with all permissions."""
        return self.url("service")

    @property
    def subscriber_url(self) -> str:
        """URL with permission to receive events only."""
        return self.url("subscriber")


class Objects(Server):
    """The object store."""

    def __init__(self, credentials: StackCredentials) -> None:
        self._keys = {
            "S3_ACCESS_KEY": credentials.s3_access_key,
            "S3_SECRET_KEY": credentials.s3_secret_key,
        }
        self.root = {
            "S3_ROOT_ACCESS_KEY": credentials.s3_admin_access_key,
            "S3_ROOT_SECRET_KEY": credentials.s3_admin_secret_key,
        }
        super().__init__("minio", self.root)

    def environment(self) -> dict[str, str]:
        """Return the variables of a service with its address.

        A store of another product (MINIO_IMAGE) has no user besides its root user.
        """
        root = {name.replace("ROOT_", ""): value for name, value in self.root.items()}
        keys = self._keys if self._is_minio() else root
        return {"S3_ENDPOINT": f"http://{self.address}", **keys}

    def _is_minio(self) -> bool:
        answer = urllib3.request("GET", f"http://{self.address}/", retries=False)
        return "minio" in answer.headers.get("Server", "").lower()


@dataclass(frozen=True, kw_only=True)
class ContainerServers:
    """All three servers."""

    credentials: StackCredentials
    postgres: Postgres
    nats: Nats
    s3: Objects
    #: File of the key that encrypts objects.
    key: Path

    def environment(self, service: str) -> dict[str, str]:
        """Return the same variables as devstack.stack.EmbeddedServers."""
        return service_variables(
            service,
            messages=self.nats.url,
            events=self.nats.subscriber_url,
            database=self.postgres.url,
            objects=self.s3.environment(),
            encryption_key=str(self.key),
        )

    def process(self, name: str) -> Server:
        """Return the container of `postgres`, `nats` or `s3`."""
        server: Server = getattr(self, name)
        return server

    async def restart(self, name: str) -> None:
        """Restart a server with the same address and data."""
        await asyncio.to_thread(self.process(name).restart)

    def provision(self) -> None:
        """Provision the servers as the service `setup` of docker-compose.yml does."""
        roles = {f"{role.upper()}_DATABASE_URL": self.postgres.url(role) for role in ROLES}
        variables = {
            **roles,
            **self.s3.environment(),
            **self.s3.root,
            "PROVISION_DATABASE_URL": self.postgres.url("postgres", "postgres"),
            "NATS_URL": self.nats.service_url,
            "NATS_PROVISIONER_URL": self.nats.url("provisioner"),
        }
        subprocess.run(
            [sys.executable, "-m", "common.provisioning"],
            env={**os.environ, **variables},
            check=True,
            timeout=120,
        )


@contextlib.contextmanager
def container_servers() -> Iterator[ContainerServers]:
    """Run the provisioned servers with their own passwords and ports."""
    # Containers are removed here, and the reaper would be another image to fetch.
    testcontainers_config.ryuk_disabled = True
    credentials = StackCredentials()
    with tempfile.NamedTemporaryFile("w", suffix=".key", delete=False) as key:
        key.write(secrets.token_hex(32))
    servers = ContainerServers(
        credentials=credentials,
        key=Path(key.name),
        postgres=Postgres(credentials),
        nats=Nats(credentials),
        s3=Objects(credentials),
    )
    with contextlib.ExitStack() as stack:
        stack.callback(servers.key.unlink)
        for server in (servers.postgres, servers.nats, servers.s3):
            stack.callback(server.remove)
            server.create()
        servers.provision()
        yield servers
