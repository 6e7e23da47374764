"""The command line: `devstack up | down | status | logs | env`.

Exit codes: 0 done; 1 something failed to start, died, or is unhealthy; 2 wrong usage or
configuration; 3 nothing is running; 4 the data directory or a port is taken.
"""

import argparse
import asyncio
import os
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from devstack.background import RUNNER, running, start_in_background, stop_background
from devstack.config import StackConfig, read_config, read_environment
from devstack.console import StackConsole
from devstack.disk import shortage
from devstack.errors import (
    AlreadyRunningError,
    ConfigurationError,
    DevstackError,
    NotRunningError,
    PortTakenError,
)
from devstack.files import DataDirectory, tail
from devstack.inspection import inspect, wait_settled
from devstack.runner import Runner
from devstack.services import SERVICES
from devstack.stack import EmbeddedServers
from devstack.state import read_state

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNING = 3
EXIT_TAKEN = 4
_FOLLOW_SECONDS = 0.3
_ENV_CHOICES = (*sorted({service.owner for service in SERVICES}), "subscriber")


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a command works on."""

    options: argparse.Namespace
    config: StackConfig
    environment: Mapping[str, str]

    @property
    def files(self) -> DataDirectory:
        """The data directory."""
        return DataDirectory(root=self.config.data_directory.absolute())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    options = _parser().parse_args(arguments)
    errors = StackConsole(Console(stderr=True, highlight=False))
    try:
        environment = read_environment()
        config = read_config(environment)
        if options.data_dir is not None:
            config = replace(config, data_directory=options.data_dir)
        call = Call(options=options, config=config, environment=environment)
        code = _COMMANDS[options.command](call)
    except DevstackError as error:
        errors.error(str(error))
        code = _exit_code(error)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devstack", description="SecureTranscribe on one machine: servers and services."
    )
    parser.add_argument(
        "--data-dir", type=Path, help="where data, logs and credentials are (DEVSTACK_DATA_DIR)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything; Ctrl-C stops it")
    up.add_argument("--servers-only", action="store_true", help="Postgres, NATS and S3 alone")
    up.add_argument("--detach", action="store_true", help="return once everything is healthy")
    commands.add_parser("down", help="stop what runs in the background")
    commands.add_parser("status", help="show every process and its health")
    logs = commands.add_parser("logs", help="show the end of a log, or of all")
    logs.add_argument("name", nargs="?", help="a process, as in the status; also: runner")
    logs.add_argument("-n", "--lines", type=int, default=20, help="how many lines (default 20)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as lines are written")
    env = commands.add_parser("env", help="print a service's variables (secrets included)")
    env.add_argument("service", nargs="?", choices=_ENV_CHOICES, default="transcriber")
    return parser


def _up(call: Call) -> int:
    console = StackConsole(Console(highlight=False))
    holder = running(call.files) if call.options.detach else None
    if holder is not None and holder.purpose == RUNNER:
        return _already_up(call, console)
    if call.options.detach:
        arguments = ["--data-dir", str(call.files.root), "up"]
        arguments += ["--servers-only"] if call.options.servers_only else []
        return start_in_background(call.files, arguments, echo=console.say)
    runner = Runner(
        config=call.config,
        services=() if call.options.servers_only else SERVICES,
        environment=call.environment,
        reporter=console.report,
        on_ready=lambda state: console.ready(state, call.files.root, call.files.logs),
    )
    asyncio.run(runner.run())
    return 0


def _already_up(call: Call, console: StackConsole) -> int:
    """Report on the stack that runs already: 0 when it is what was asked for, and healthy."""
    patience = call.config.server_seconds + call.config.service_seconds
    found = wait_settled(call.files, patience_seconds=patience)
    if found is None:
        console.say("the stack that was running has just stopped; run the command again")
        return EXIT_FAILED
    if found.state is None or not (found.state.gateway_url or call.options.servers_only):
        raise AlreadyRunningError(
            f"process {found.pid} uses {call.files.root} without running the services; "
            "end it first (`make stop` ends servers that run alone)",
            pid=found.pid,
        )
    console.say(f"the stack is already running (process {found.pid})")
    if found.well:
        console.ready(found.state, call.files.root, call.files.logs)
        return 0
    for row in found.rows:
        if row.problem is not None:
            console.say(f"{row.name} is not healthy: {row.problem}")
            console.say(f"  its log: {call.files.log(row.name)}")
    console.say(
        "A process that ended is started again by itself: `make status` shows how far that is.\n"
        "To start everything again: make stop && make start"
    )
    return EXIT_FAILED


def _down(call: Call) -> int:
    console = StackConsole(Console(highlight=False))
    try:
        names = asyncio.run(stop_background(call.files, service_seconds=call.config.stop_seconds))
    except NotRunningError as error:
        # What was wanted is so already.
        console.say(str(error))
        return 0
    for name in names:
        console.say(f"ended {name}, which an earlier run had left behind")
    console.say("stopped")
    return 0


def _status(call: Call) -> int:
    found = inspect(call.files)
    if found is None:
        raise NotRunningError(f"nothing runs in {call.files.root}")
    title = f"runner {found.pid}: {found.phase}"
    console = StackConsole(Console(highlight=False))
    console.status(found.rows, title=title)
    scarce = shortage(call.files)
    if scarce is not None:
        console.say(scarce)
    return 0 if found.well else EXIT_FAILED


def _logs(call: Call) -> int:
    console = StackConsole(Console(highlight=False))
    names = sorted(path.stem for path in call.files.logs.glob("*.log"))
    if call.options.name is not None and call.options.name not in names:
        known = ", ".join(names) or "none"
        raise ConfigurationError(
            f"no log of {call.options.name} in {call.files.logs}; there are: {known}"
        )
    for name in [call.options.name] if call.options.name else names:
        if call.options.name is None:
            console.say(f"==> {name} <==")
        console.say(tail(call.files.log(name), call.options.lines))
    if call.options.follow and call.options.name:
        _follow(call.files.log(call.options.name), console)
    return 0


def _follow(path: Path, console: StackConsole) -> None:
    """Print lines as they are written, until interrupted; a rotated log is followed on."""
    with path.open(encoding="utf-8", errors="replace") as log:
        log.seek(0, os.SEEK_END)
        while path.exists() and os.path.samestat(path.stat(), os.fstat(log.fileno())):
            for line in log:
                console.say(line.rstrip("\n"))
            time.sleep(_FOLLOW_SECONDS)


def _env(call: Call) -> int:
    servers = EmbeddedServers(call.config)
    state = read_state(servers.files.state)
    if running(servers.files) is None or state is None:
        raise NotRunningError(f"nothing runs in {servers.files.root}")
    servers.attach()
    variables = servers.environment(call.options.service)
    if call.options.service != "subscriber":
        secret = call.environment.get("SECRET_KEY") or servers.credentials.secret_key
        variables |= {**state.addresses, "SECRET_KEY": secret}
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


_COMMANDS: dict[str, Callable[[Call], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "env": _env,
}


def _exit_code(error: DevstackError) -> int:
    if isinstance(error, NotRunningError):
        return EXIT_NOT_RUNNING
    if isinstance(error, AlreadyRunningError | PortTakenError):
        return EXIT_TAKEN
    return EXIT_USAGE if isinstance(error, ConfigurationError) else EXIT_FAILED
