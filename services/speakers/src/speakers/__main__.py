"""Run the speakers service: `python -m speakers [migrate | set-aside | move-profiles ...]`."""

import argparse

from common import commands, runtime, settings
from speakers import app, pool_moves
from speakers.settings import SpeakersSettings


def main() -> None:
    """Read the command line and the settings, and run. Without a command, serve."""
    parser = argparse.ArgumentParser(prog="python -m speakers")
    choices = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_maintenance(choices)
    pool_moves.add(choices)
    arguments = parser.parse_args()
    chosen = settings.load(SpeakersSettings)
    if arguments.command is None:
        runtime.run("speakers", chosen, app.serve)
    elif arguments.command == pool_moves.NAME:
        pool_moves.run(arguments, chosen)
    else:
        commands.maintain(arguments, chosen, package="speakers")


if __name__ == "__main__":
    main()
