"""A service's own command, run with the environment of a running stack."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from devstack.background import running
from devstack.config import StackConfig
from devstack.database import ROLES
from devstack.errors import DevstackError, NotRunningError
from devstack.services import STACK_VARIABLES
from devstack.stack import EmbeddedServers
from devstack.state import read_state


@dataclass(frozen=True, kw_only=True)
class AttachedStack:
    """Servers run by another process, and the gRPC addresses of its services by variable."""

    servers: EmbeddedServers
    addresses: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)
    """Variables set by the operator."""

    def variables(self, service: str) -> dict[str, str]:
        """Return the variables set by the stack for a service, or for `subscriber`."""
        variables = self.servers.environment(service)
        if service == "subscriber":
            return variables
        secret = self.environment.get("SECRET_KEY") or self.servers.credentials.secret_key
        return {**variables, **self.addresses, "SECRET_KEY": secret}

    def require_postgres(self) -> None:
        """Raise DevstackError if Postgres does not accept connections."""
        problem = self.servers.postgres.probe().problem()
        if problem is not None:
            raise DevstackError(
                f"Postgres is {problem}. `make status` shows the state of the stack"
            )


def attach(config: StackConfig, environment: Mapping[str, str]) -> AttachedStack:
    """Attach to the stack using the data directory.

    Raises NotRunningError if there is none.
    """
    servers = EmbeddedServers(config)
    if running(servers.files) is None:
        raise NotRunningError(
            f"nothing is running in {servers.files.root}. Start the stack with `make start`"
        )
    servers.attach()
    state = read_state(servers.files.state)
    addresses = state.addresses if state is not None else {}
    return AttachedStack(servers=servers, addresses=addresses, environment=environment)


def execute(stack: AttachedStack, service: str, arguments: Sequence[str]) -> NoReturn:
    """Replace this process with `python -m SERVICE ARGUMENTS`. Does not return.

    Raises DevstackError if the service has a database and Postgres does not accept connections.
    """
    if service in ROLES:
        stack.require_postgres()
    command = [sys.executable, "-m", service, *arguments]
    sys.stdout.flush()
    os.execve(command[0], command, command_environment(stack, service))  # noqa: S606 - by intent


def command_environment(stack: AttachedStack, service: str) -> dict[str, str]:
    """Return the whole environment of a service's command, to run on any free port."""
    given = {
        name: value for name, value in stack.environment.items() if name not in STACK_VARIABLES
    }
    return {**given, **stack.variables(service), "GRPC_PORT": "0"}
