"""Arguments shared by commands."""

import argparse
import os
from collections.abc import Callable
from typing import Any

Run = Callable[[argparse.Namespace], int]
TRANSCRIPTION_ID = "id of the transcription, as listed by list"
CHANNEL_MODES = ("auto", "mix", "separate")
CHANNELS = (
    "recognize channels and tracks as a mix, or each by itself (separate). By default (auto), "
    "decide by measurement"
)


def add_command(
    commands: Any,
    name: str,
    run: Run,
    *,
    help: str,  # noqa: A002 - as argparse
    **more: Any,
) -> argparse.ArgumentParser:
    """Add a command with the options that every command has."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=more.pop("description", None) or _sentence(help), **more
    )
    add_connection(parser, default=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    return parser


def add_connection(parser: argparse.ArgumentParser, *, default: Any) -> None:
    """Add the options for the server and the form of the output."""
    parser.add_argument(
        "--url",
        default=default,
        help="base URL of the API, ending in /api (environment variable SECURETRANSCRIBE_URL, "
        "default: that of login, or http://localhost:8000/api)",
    )
    parser.add_argument(
        "--token",
        default=default,
        help="session or access token (environment variable SECURETRANSCRIBE_TOKEN, default: that "
        "of login, or a new session)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=False if default is None else default,
        help="print JSON",
    )


def add_processing(parser: argparse.ArgumentParser) -> None:
    """Add the options of a transcription."""
    parser.add_argument("--language", help="tag such as en or pt-BR (default: detected)")
    parser.add_argument("--channels", choices=CHANNEL_MODES, help=CHANNELS)
    for option, meaning in (
        ("--speakers", "number of speakers, if it is known (default: found out)"),
        ("--min-speakers", "least number of speakers"),
        ("--max-speakers", "greatest number of speakers"),
    ):
        parser.add_argument(option, type=int, metavar="N", help=meaning)
    parser.add_argument(
        "--no-diarize",
        dest="diarize",
        action="store_false",
        help="tell no speakers apart, which is faster",
    )
    parser.add_argument(
        "--phrase",
        action="append",
        metavar="TEXT",
        help="name or term likely to be spoken, for this recording only. Can be repeated",
    )
    parser.add_argument("--model", help="model for speech recognition (default: the server's)")
    parser.add_argument(
        "--priority",
        type=int,
        choices=range(1, 6),
        metavar="N",
        help="place in the queue, from 1 (last) to 5 (first, default)",
    )


def processing(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a transcription as the API names them."""
    return {
        "language": options.language,
        "channels": options.channels,
        "num_speakers": options.speakers,
        "min_speakers": options.min_speakers,
        "max_speakers": options.max_speakers,
        "diarize": None if options.diarize else False,
        "phrases": options.phrase,
        "model": options.model,
        "priority": options.priority,
    }


def admin_token() -> str | None:
    """Return the administrators' token of the environment."""
    path = os.environ.get("ADMIN_TOKEN_FILE")
    if path:
        with open(path, encoding="utf-8") as file:
            return file.read().strip() or None
    return os.environ.get("ADMIN_TOKEN", "").strip() or None


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
