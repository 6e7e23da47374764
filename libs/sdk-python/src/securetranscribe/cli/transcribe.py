"""The command `transcribe`."""

import argparse
import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from securetranscribe.cli import arguments, credentials, output, watch
from securetranscribe.cli.batch import TEMPLATED, Batch, Finished, run_all
from securetranscribe.cli.outputs import FIELDS, Outputs, PatternError
from securetranscribe.cli.progress import Bars
from securetranscribe.cli.recordings import found_in
from securetranscribe.client import SecureTranscribeClient

_DEFAULT_FORMAT = "txt"
_AT_ONCE = 4
_DESCRIPTION = """Transcribe recordings and print or write the results. After an interruption, the
same command goes on where it stopped."""


def add_commands(commands: Any) -> None:
    """Add the command to the parser."""
    parser = arguments.add_command(
        commands,
        "transcribe",
        _transcribe,
        help="transcribe files and print or write the results",
        description=_DESCRIPTION,
    )
    parser.add_argument("file", nargs="+", help="audio or video files, or directories with them")
    arguments.add_processing(parser)
    parser.add_argument(
        "--allow-truncated",
        action="store_true",
        help="accept a recording that breaks off, as far as it goes",
    )
    parser.add_argument(
        "--no-voice-memory",
        dest="voice_memory",
        action="store_false",
        help="keep no voiceprint of the speakers",
    )
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="add its terms to the vocabulary before: one per line, or a table in CSV",
    )
    parser.add_argument(
        "--output",
        metavar="PATTERN",
        help="file or directory to write to instead of printing. May contain "
        + ", ".join(f"{{{name}}}" for name in FIELDS),
    )
    parser.add_argument(
        "--format",
        help="formats to write, such as srt,docx, or all of them (all). Default: "
        f"{_DEFAULT_FORMAT}. Without --output, they are written next to the recording",
    )
    parser.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="Jinja template for the formats txt and md",
    )
    parser.add_argument(
        "--at-once",
        type=_positive,
        default=_AT_ONCE,
        metavar="N",
        help=f"recordings at work at the same time (default: {_AT_ONCE})",
    )
    watch.add_options(parser)


def _transcribe(options: argparse.Namespace) -> int:
    if not options.watch and any(name.startswith(watch.SCHEME) for name in options.file):
        output.error("s3:// needs --watch, which takes the recordings of a prefix as they come")
        return 2
    login = credentials.chosen(options)
    try:
        with SecureTranscribeClient(login.url, login.token) as client:
            outputs = _outputs(options, client)
            recordings = [] if options.watch else list(_recordings(options.file))
            if options.vocabulary:
                _add_vocabulary(client, Path(options.vocabulary))
            login = credentials.Login(url=login.url, token=client.session_token)
    except PatternError as error:
        output.error(error)
        return 2
    if options.watch:
        return watch.run(options, lambda bars: _batch(options, login, outputs, bars))
    return asyncio.run(
        _run(options, recordings, lambda bars: _batch(options, login, outputs, bars))
    )


def _batch(
    options: argparse.Namespace, login: credentials.Login, outputs: Outputs | None, bars: Bars
) -> Batch:
    fields = arguments.processing(options)
    if options.allow_truncated:
        fields["allow_truncated"] = True
    if not options.voice_memory:
        fields["voice_memory"] = False
    return Batch(
        login=login,
        options=fields,
        outputs=outputs,
        bars=bars,
        at_once=options.at_once,
        template=options.template and options.template.read_text(encoding="utf-8"),
    )


async def _run(
    options: argparse.Namespace, recordings: Sequence[Path], batch_on: Callable[[Bars], Batch]
) -> int:
    with Bars() as bars:
        batch = batch_on(bars)
        batch.journal.clean()
        results = await run_all(batch, recordings)
    status = 0
    for recording, result in zip(recordings, results, strict=True):
        if isinstance(result, Finished):
            _print_finished(options, result)
            continue
        status = 1
        reason = _reason(result)
        if options.json:
            output.print_json({"file": str(recording), "outputs": [], "error": reason})
        else:
            output.note(f"{recording}: failed: {reason}")
    return status


def _print_finished(options: argparse.Namespace, finished: Finished) -> None:
    if options.json:
        output.print_json(finished.summary())
    elif finished.files:
        output.print_warnings(finished.state)
        for path in finished.files:
            print(f"wrote {path}")
    else:
        output.print_transcript(finished.state)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _outputs(options: argparse.Namespace, client: SecureTranscribeClient) -> Outputs | None:
    """Return the outputs of a command, None to print the transcript.

    Raises:
        PatternError: they have no names, or the template is for other formats.
    """
    if not (options.output or options.format or options.template or options.watch):
        return None
    names = (options.format or _DEFAULT_FORMAT).split(",")
    formats = [name.strip().lower() for name in names if name.strip()]
    if "all" in formats:
        formats = client.list_export_formats()
    if options.template and not set(formats) & TEMPLATED:
        raise PatternError("--template needs --format txt or md")
    several = options.watch or len(options.file) > 1 or Path(options.file[0]).is_dir()
    return Outputs.chosen(
        options.output, list(dict.fromkeys(formats)), several=several, keep=options.watch
    )


def _recordings(names: Iterable[str]) -> Iterable[Path]:
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from found_in(path)
        else:
            # A missing file is reported before anything is sent.
            path.stat()
            yield path


def _add_vocabulary(client: SecureTranscribeClient, path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig")
    table = text if path.suffix.lower() == ".csv" else _table(text.splitlines())
    added = client.import_vocabulary(table)
    output.note(
        f"vocabulary: {added['added_terms']} terms and {added['added_corrections']} corrections "
        f"added, {added['skipped']} known"
    )


def _table(lines: Iterable[str]) -> str:
    """Return terms as the table that the server imports."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["type", "heard", "meant", "language", "match_case"])
    writer.writerows(["term", "", line.strip(), "", ""] for line in lines if line.strip())
    return buffer.getvalue()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it has to be at least 1")
    return number
