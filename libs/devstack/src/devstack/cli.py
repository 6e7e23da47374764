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

from devstack.background import running, start_in_background, stop_background
from devstack.config import StackConfig, read_config, read_environment
from devstack.console import StackConsole, StatusRow
from devstack.errors import (
    AlreadyRunningError,
    ConfigurationError,
    DevstackError,
    NotRunningError,
    PortTakenError,
)
from devstack.files import DataDirectory, tail
from devstack.leftovers import recorded_children
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
    holder, state = running(call.files), read_state(call.files.state)
    if holder is None:
        raise NotRunningError(f"nothing runs in {call.files.root}")
    pids = {child.name: child.stamp.pid for child in recorded_children(call.files)}
    rows = [
        StatusRow(
            name=one.name,
            pid=pids.get(one.name),
            address=one.address,
            problem=one.probe.problem(),
        )
        for one in (state.endpoints if state else ())
    ]
    phase = state.phase if state else "starting or stopping"
    title = f"runner {holder.stamp.pid}: {phase}"
    StackConsole(Console(highlight=False)).status(rows, title=title)
    well = phase == "ready" and all(row.problem is None for row in rows)
    return 0 if well else EXIT_FAILED


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
