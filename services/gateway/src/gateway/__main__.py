"""Run the gateway: `python -m gateway [migrate | set-aside | setup-token | ...]`."""

import argparse

from common import allocator, commands, runtime, settings
from gateway import app
from gateway.accounts import commands as account_commands
from gateway.settings import GatewaySettings


def main() -> None:
    """Read the command line and the settings, and run. Without a command, serve."""
    parser = argparse.ArgumentParser(prog="python -m gateway")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_maintenance(choices)
    account_commands.add(choices)
    arguments = parser.parse_args()
    chosen = settings.load(GatewaySettings)
    if arguments.command is None:
        allocator.keep_large_blocks()
        runtime.run("gateway", chosen, app.serve)
    elif arguments.command in account_commands.NAMES:
        account_commands.run(arguments, chosen)
    else:
        commands.maintain(arguments, chosen, package="gateway")


if __name__ == "__main__":
    main()
