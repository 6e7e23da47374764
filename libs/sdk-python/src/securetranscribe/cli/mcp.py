"""The command `mcp`."""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from securetranscribe.async_client import AsyncSecureTranscribeClient
from securetranscribe.cli import arguments, credentials, output

_DESCRIPTION = """Serve transcripts to a language model by the Model Context Protocol, on standard
input and output. The program of the model starts this command. It has the rights of the token."""
_NOT_LOGGED_IN = (
    "the mcp command needs a token, since it shows the transcripts of its owner. Log in with: "
    "securetranscribe login, or set SECURETRANSCRIBE_TOKEN"
)
_NO_EXTRA = "the mcp command needs an extra. Install it with: pip install 'securetranscribe[mcp]'"


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = arguments.add_command(
        commands,
        "mcp",
        _mcp,
        help="serve transcripts to a language model (MCP)",
        description=_DESCRIPTION,
    )
    parser.add_argument(
        "--directory",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="directory whose recordings the model may transcribe. Can be repeated. Without it, "
        "the model can only read",
    )
    parser.add_argument(
        "--web-url",
        metavar="URL",
        help="address of the web application for links in citations (default: --url without /api)",
    )


def _mcp(options: argparse.Namespace) -> int:
    login = credentials.chosen(options)
    if login.token is None:
        output.error(_NOT_LOGGED_IN)
        return 2
    for directory in options.directory:
        if not directory.is_dir():
            output.error(f"--directory {directory} is no directory. Create it, or name another")
            return 2
    try:
        import mcp  # noqa: F401, PLC0415 - an extra
    except ImportError:
        output.error(_NO_EXTRA)
        return 2
    # Ctrl-C ends the process, since a read from standard input cannot be cancelled.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(_serve(options, login))
    return 0


async def _serve(options: argparse.Namespace, login: credentials.Login) -> None:
    from securetranscribe.mcp_server.directories import Directories  # noqa: PLC0415 - an extra
    from securetranscribe.mcp_server.server import server_of  # noqa: PLC0415 - an extra

    async with AsyncSecureTranscribeClient(login.url, login.token) as client:
        server = server_of(
            client,
            web_url=options.web_url or login.url.removesuffix("/api"),
            directories=Directories(options.directory) if options.directory else None,
        )
        await server.run_stdio_async()
