"""The command `securetranscribe`."""

import argparse
import sys

from securetranscribe.cli import (
    admin,
    arguments,
    completion,
    doctor,
    jobs,
    live,
    login,
    mcp,
    output,
    speakers,
    tokens,
    transcribe,
    transcriptions,
)
from securetranscribe.errors import AuthenticationError, SecureTranscribeError

_MODULES = (
    transcribe,
    live,
    transcriptions,
    speakers,
    jobs,
    login,
    tokens,
    mcp,
    doctor,
    admin,
    completion,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Return the exit status.

    It is 0 on success, 1 after an error, 2 for wrong arguments and 130 after an interruption.
    """
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except AuthenticationError as error:
        output.error(f"{error} Log in with: securetranscribe login")
        return 1
    except SecureTranscribeError as error:
        output.error(error)
        return 1
    except BrokenPipeError:
        # Whoever reads the output has seen enough.
        sys.stderr.close()
        return 0
    except OSError as error:
        named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        output.error(named)
        return 1
    except KeyboardInterrupt:
        output.note("\nStopped. Jobs continue on the server.")
        return 130
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    found = argparse.ArgumentParser(
        prog="securetranscribe", description="Transcribe recordings and manage speakers."
    )
    arguments.add_connection(found, default=None)
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _MODULES:
        module.add_commands(commands)
    models = commands.add_parser("models", help="download and verify models")
    models.add_argument("rest", nargs=argparse.REMAINDER, help="arguments, such as pull or verify")
    models.set_defaults(run=_models)
    return found


def _models(options: argparse.Namespace) -> int:
    try:
        from common.models import cli  # noqa: PLC0415 - only where a service is installed
    except ImportError:
        output.error(
            "the models command needs an installed service. Run it in the environment of a worker."
        )
        return 1
    return cli.main(options.rest)
