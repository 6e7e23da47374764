"""docker-compose.yml as a separate project with its own ports, volumes and network."""

import functools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.limits import UNLIMITED
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PROJECT = "securetranscribe-test"
SUBSCRIBER_PASSWORD = "development"  # the known one of docker-compose.yml
_UP_SECONDS = 300


class Compose:
    """Commands of compose on the project."""

    def __init__(self) -> None:
        self.edge_port, self.nats_port = free_port(), free_port()

    @property
    def base_url(self) -> str:
        """Address of Envoy."""
        return f"http://127.0.0.1:{self.edge_port}"

    @property
    def subscriber_url(self) -> str:
        """Address of NATS with the permissions of a subscriber."""
        return f"nats://subscriber:{SUBSCRIBER_PASSWORD}@127.0.0.1:{self.nats_port}"

    def up(self, *options: str) -> None:
        """Start everything and wait until it is healthy."""
        if "--wait" in self._run("up", "--help"):
            self._run("up", "-d", "--no-build", "--wait", *options)
            return
        self._run("up", "-d", "--no-build", *options)
        deadline = time.monotonic() + _UP_SECONDS
        while waiting := [one for one in self.containers() if not _well(one)]:
            if time.monotonic() > deadline:
                names = [one["Name"] for one in waiting]
                raise TimeoutError(f"not healthy: {names}\n{self._run('logs', '--tail=20')}")
            time.sleep(1)

    def restart(self, service: str) -> None:
        """Restart a service as an upgrade does, and wait until everything is healthy."""
        self.stop(service)
        self.up()

    def down(self, *, volumes: bool) -> None:
        """Remove the containers, and optionally the data."""
        self._run("down", "--timeout", "60", *(["--volumes"] if volumes else []))

    def script(self, *command: str) -> str:
        """Run one of the operator's scripts on the project."""
        return _output(list(command), {**self._variables, "COMPOSE": "1"})

    def stop(self, *services: str) -> None:
        """Stop some services."""
        self._run("stop", *services)

    def containers(self) -> list[dict[str, Any]]:
        """Return the engine's description of each container."""
        label = f"label=com.docker.compose.project={PROJECT}"
        found = _output(["docker", "ps", "--all", "--quiet", "--filter", label]).split()
        return json.loads(_output(["docker", "inspect", *found])) if found else []

    def _run(self, *arguments: str) -> str:
        return _output([*program(), "--env-file", os.devnull, *arguments], self._variables)

    @property
    def _variables(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "COMPOSE_ENV_FILES": os.devnull,
            "EDGE_PORT": str(self.edge_port),
            "NATS_PORT": str(self.nats_port),
            **UNLIMITED,
        }


@functools.cache
def program() -> tuple[str, ...]:
    """Return compose as a plugin of docker, or the older separate program."""
    plugin = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    if plugin.returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose") is None:
        raise FileNotFoundError("there is no compose")
    return ("docker-compose",)


def _well(container: dict[str, Any]) -> bool:
    state = container["State"]
    if "Health" in state:
        return bool(state["Health"]["Status"] == "healthy")
    return bool(state["Status"] == "exited" and state["ExitCode"] == 0)


def _output(command: list[str], variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(variables or {})},
        check=False,
        capture_output=True,
        text=True,
        timeout=_UP_SECONDS * 2,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr
