"""Command line: `devstack up | down | status | logs | env | exec`.

The exit codes are in the README. `exec` exits with the status of its command.
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
from devstack.files import DataDirectory, lines_after, tail
from devstack.inspection import inspect, wait_settled
from devstack.runner import Runner
from devstack.service_command import attach, execute
from devstack.services import SERVICES
from devstack.setup_link import people_sign_in, setup_link
from devstack.state import RunnerState, read_state

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNING = 3
EXIT_TAKEN = 4
_FOLLOW_SECONDS = 0.3
_OWNERS = sorted({service.owner for service in SERVICES})


@dataclass(frozen=True, kw_only=True)
class Call:
    """Input of a command."""

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
        if getattr(options, "tls", False):
            environment["TLS"] = "true"
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
        # The reader of the output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.filename is None:
            raise
        errors.error(f"{error.filename} cannot be used: {error.strerror}")
        code = EXIT_FAILED
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="devstack", description="SecureTranscribe on one machine: servers and services."
    )
    parser.add_argument(
        "--data-dir", type=Path, help="directory of data, logs and credentials (DEVSTACK_DATA_DIR)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything (Ctrl-C stops it)")
    up.add_argument("--servers-only", action="store_true", help="only Postgres, NATS and S3")
    up.add_argument(
        "--tls", action="store_true", help="serve HTTPS to the network (also: TLS=true)"
    )
    up.add_argument("--detach", action="store_true", help="return once everything is healthy")
    commands.add_parser("down", help="stop the stack in the background")
    commands.add_parser("status", help="show every process and its health")
    logs = commands.add_parser("logs", help="show the end of a log, or of all logs")
    logs.add_argument("name", nargs="?", help="a process listed by `status`, or runner")
    logs.add_argument("-n", "--lines", type=int, default=20, help="number of lines (default 20)")
    logs.add_argument(
        "-f", "--follow", action="store_true", help="print further lines of the log NAME"
    )
    env = commands.add_parser("env", help="print a service's variables (with secrets)")
    env.add_argument("service", nargs="?", choices=(*_OWNERS, "subscriber"), default="transcriber")
    execution = commands.add_parser("exec", help="run a service's own command in its environment")
    execution.add_argument("service", choices=_OWNERS)
    execution.add_argument("arguments", nargs=argparse.REMAINDER, help="as `set-aside list`")
    return parser


def _up(call: Call) -> int:
    console = StackConsole(Console(highlight=False))
    holder = running(call.files) if call.options.detach else None
    if holder is not None and holder.purpose == RUNNER:
        return _already_up(call, console)
    if call.options.detach:
        arguments = ["--data-dir", str(call.files.root), "up"]
        arguments += ["--servers-only"] if call.options.servers_only else []
        arguments += ["--tls"] if call.options.tls else []
        code = start_in_background(call.files, arguments, echo=console.print)
        if code == 0:
            _offer_setup(call, console)
        return code
    runner = Runner(
        config=call.config,
        services=() if call.options.servers_only else SERVICES,
        environment=call.environment,
        reporter=console.report,
        on_ready=lambda state: _ready(call, console, state),
    )
    asyncio.run(runner.run())
    return 0


def _ready(call: Call, console: StackConsole, state: RunnerState) -> None:
    console.ready(state, call.files.root, call.files.logs)
    # In the background the output is a log, which must not hold the token.
    if sys.stdout.isatty():
        _offer_setup(call, console)


def _offer_setup(call: Call, console: StackConsole) -> None:
    """Print the link for the first administrator, if people sign in and there is nobody yet."""
    if call.options.servers_only or not people_sign_in(call.environment):
        return
    state = read_state(call.files.state)
    if state is None or state.gateway_url is None:
        return
    link = setup_link(attach(call.config, call.environment), state.gateway_url)
    if link is not None:
        console.print(f"  Create the first administrator (works once, for a day): {link}\n")


def _already_up(call: Call, console: StackConsole) -> int:
    """Report on the running stack. Return 0 if it is the requested one and healthy."""
    patience = call.config.server_seconds + call.config.service_seconds
    found = wait_settled(call.files, patience_seconds=patience)
    if found is None:
        console.print("the running stack has just stopped. Run the command again")
        return EXIT_FAILED
    if found.state is None or not (found.state.gateway_url or call.options.servers_only):
        raise AlreadyRunningError(
            f"process {found.pid} uses {call.files.root} without the services. Stop it first, for "
            "example with `make stop`",
            pid=found.pid,
        )
    if call.config.tls and found.state.gateway_url and found.state.network is None:
        raise AlreadyRunningError(
            f"process {found.pid} runs the stack without HTTPS. Stop it first, for example with "
            "`make stop`",
            pid=found.pid,
        )
    console.print(f"the stack is already running (process {found.pid})")
    if found.healthy:
        console.ready(found.state, call.files.root, call.files.logs)
        _offer_setup(call, console)
        return 0
    for row in found.rows:
        if row.problem is not None:
            console.print(f"{row.name} is not healthy: {row.problem}")
            console.print(f"  log: {call.files.log(row.name)}")
    console.print(
        "Ended processes are restarted automatically. `make status` shows the current state.\n"
        "To restart everything: make stop && make start"
    )
    return EXIT_FAILED


def _down(call: Call) -> int:
    console = StackConsole(Console(highlight=False))
    try:
        names = asyncio.run(stop_background(call.files, service_seconds=call.config.stop_seconds))
    except NotRunningError as error:
        console.print(str(error))
        return 0
    for name in names:
        console.print(f"ended {name}, left over from an earlier run")
    console.print("stopped")
    return 0


def _status(call: Call) -> int:
    found = inspect(call.files)
    if found is None:
        raise NotRunningError(f"nothing is running in {call.files.root}")
    title = f"runner {found.pid}: {found.phase}"
    console = StackConsole(Console(highlight=False))
    console.status(found.rows, title=title)
    scarce = shortage(call.files)
    if scarce is not None:
        console.print(scarce)
    return 0 if found.healthy else EXIT_FAILED


def _logs(call: Call) -> int:
    if call.options.follow and call.options.name is None:
        raise ConfigurationError("--follow needs a name, for example `logs gateway --follow`")
    console = StackConsole(Console(highlight=False))
    names = sorted(path.stem for path in call.files.logs.glob("*.log"))
    if call.options.name is not None and call.options.name not in names:
        known = ", ".join(names) or "none"
        raise ConfigurationError(
            f"no log of {call.options.name} in {call.files.logs}. Available: {known}"
        )
    for name in [call.options.name] if call.options.name else names:
        if call.options.name is None:
            console.print(f"==> {name} <==")
        console.print(tail(call.files.log(name), call.options.lines))
    if call.options.follow:
        _follow(call.files.log(call.options.name), console)
    return 0


def _follow(path: Path, console: StackConsole) -> None:
    """Print lines as they are written until interrupted."""
    place = path.stat().st_size
    while True:
        lines, place = lines_after(path, place)
        for line in lines:
            console.print(line)
        time.sleep(_FOLLOW_SECONDS)


def _env(call: Call) -> int:
    stack = attach(call.config, call.environment)
    for name, value in stack.variables(call.options.service).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _exec(call: Call) -> int:
    stack = attach(call.config, call.environment)
    return execute(stack, call.options.service, call.options.arguments)


_COMMANDS: dict[str, Callable[[Call], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "env": _env,
    "exec": _exec,
}


def _exit_code(error: DevstackError) -> int:
    if isinstance(error, NotRunningError):
        return EXIT_NOT_RUNNING
    if isinstance(error, AlreadyRunningError | PortTakenError):
        return EXIT_TAKEN
    return EXIT_USAGE if isinstance(error, ConfigurationError) else EXIT_FAILED
