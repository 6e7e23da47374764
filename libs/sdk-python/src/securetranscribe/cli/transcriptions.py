"""Commands about existing transcriptions: list, status, start, search and edit."""

import argparse
import sys
from typing import Any

from securetranscribe.cli import arguments, output
from securetranscribe.cli.credentials import connect
from securetranscribe.cli.output import clock
from securetranscribe.client import SecureTranscribeClient

_MOST_HITS = 20


def add_commands(commands: Any) -> None:
    """Add the commands to the parser."""
    start = arguments.add_command(
        commands,
        "start",
        _start,
        help="process an uploaded recording, or process it again, and print the result",
    )
    start.add_argument("id", type=int, help=arguments.TRANSCRIPTION_ID)
    arguments.add_processing(start)
    status = arguments.add_command(
        commands, "status", _status, help="show the state of a transcription"
    )
    status.add_argument("id", type=int, help=arguments.TRANSCRIPTION_ID)
    arguments.add_command(
        commands, "list", _list, help="list the transcriptions of the session or the workspace"
    )
    _add_search(commands)
    _add_edit(commands)


def _add_search(commands: Any) -> None:
    search = arguments.add_command(
        commands, "search", _search, help="search in all transcripts by words and by meaning"
    )
    search.add_argument("query", help="words to look for")
    search.add_argument("--speaker", help="only words of this speaker: a name or a label")
    search.add_argument("--language", help="only segments in this language")
    search.add_argument("--since", help="only transcriptions since this date (UTC)")
    search.add_argument("--until", help="only transcriptions until this date (UTC)")
    search.add_argument("--id", type=int, help="only in this transcription")
    search.add_argument(
        "--limit",
        type=int,
        default=_MOST_HITS,
        metavar="N",
        help=f"most hits (default: {_MOST_HITS})",
    )


def _add_edit(commands: Any) -> None:
    edit = arguments.add_command(
        commands, "edit", _edit, help="rename speakers and replace text in a transcript"
    )
    edit.add_argument("id", type=int, help=arguments.TRANSCRIPTION_ID)
    edit.add_argument(
        "--rename",
        action="append",
        default=[],
        metavar="SPEAKER=NAME",
        help="label or name and new name, such as Speaker_1=Ann",
    )
    edit.add_argument("--replace", nargs=2, metavar=("TEXT", "REPLACEMENT"), help="replace text")
    edit.add_argument("--match-case", action="store_true", help="tell upper from lower case")
    edit.add_argument("--whole-words", action="store_true", help="replace whole words only")
    edit.add_argument("--regex", action="store_true", help="TEXT is a regular expression")
    edit.add_argument(
        "--preview", action="store_true", help="count replacements, and change nothing"
    )
    edit.add_argument("--undo", action="store_true", help="take back the last edit")


def wait(
    client: SecureTranscribeClient, transcription_id: int, title: str
) -> dict[str, Any] | None:
    """Wait for a transcription and return its state. If it failed, print why and return None."""
    shown = sys.stderr.isatty()

    def progress(percent: float, step: str) -> None:
        if shown:
            print(f"\r{percent:5.1f} %  {step:<50}", end="", file=sys.stderr, flush=True)

    state = client.wait(transcription_id, on_progress=progress)
    if shown:
        print(file=sys.stderr)
    failure = state.get("error")
    if state["status"] != "failed" and not failure:
        return state
    reason = (failure or {}).get("message", "no reason given")
    output.note(f"{title}: failed: {reason}")
    return None


def _start(options: argparse.Namespace) -> int:
    with connect(options) as client:
        client.start_transcription(options.id, **arguments.processing(options))
        state = wait(client, options.id, str(options.id))
    if state is None:
        return 1
    _print_state(options, state)
    return 0


def _status(options: argparse.Namespace) -> int:
    with connect(options) as client:
        state = client.get_status(options.id)
    if options.json:
        output.print_json(state)
        return 0
    print(f"{state['status']}  {state['progress_percentage']:.0f} %  {state['current_step']}")
    if state["status"] == "completed":
        output.print_transcript(state)
    return 0


def _print_state(options: argparse.Namespace, state: dict[str, Any]) -> None:
    if options.json:
        output.print_json(state)
    else:
        output.print_transcript(state)


def _list(options: argparse.Namespace) -> int:
    with connect(options) as client:
        items = list(client.find_transcriptions())
    output.show(
        options,
        items,
        (f"{item['id']:>8}  {item['status']:<10}  {item['original_filename']}" for item in items),
    )
    return 0


def _search(options: argparse.Namespace) -> int:
    filters = {
        "speaker": options.speaker,
        "language": options.language,
        "since": options.since,
        "until": options.until,
        "transcription_id": options.id,
        "limit": min(max(options.limit, 1), 100),
    }
    hits: list[dict[str, Any]] = []
    with connect(options) as client:
        for hit in client.search(options.query, **filters):
            if len(hits) >= options.limit:
                break
            hits.append(hit)
    output.show(options, hits, map(_hit, hits))
    if not hits:
        output.note("Nothing found.")
    return 0


def _hit(hit: dict[str, Any]) -> str:
    when = "" if hit["start_time"] is None else clock(hit["start_time"])
    speaker = f"{hit['speaker']}: " if hit["speaker"] else ""
    return f"{hit['transcription_id']:>8}  {when:<10}  {hit['title']}: {speaker}{hit['text']}"


def _edit(options: argparse.Namespace) -> int:
    names = pairs(options.rename)
    if names is None:
        return 2
    if not (names or options.replace or options.undo):
        output.error("nothing to do. Give --rename, --replace or --undo")
        return 2
    done: dict[str, Any] = {}
    with connect(options) as client:
        if options.undo:
            done["undone"] = client.undo_edits(options.id)
        if names:
            done["renamed"] = client.assign_speakers(options.id, names)
        if options.replace:
            text, replacement = options.replace
            done["replaced"] = client.replace_text(
                [options.id],
                text,
                replacement,
                match_case=options.match_case,
                whole_words=options.whole_words,
                regular_expression=options.regex,
                preview=options.preview,
            )
    output.show(options, done, _edited(done))
    return 0


def _edited(done: dict[str, Any]) -> list[str]:
    lines = []
    if "undone" in done:
        lines.append(f"undone, revision {done['undone']['revision']}")
    if "renamed" in done:
        lines.append(f"speakers: {', '.join(done['renamed']['speakers'])}")
    if "replaced" in done:
        count = sum(one["count"] for one in done["replaced"]["transcripts"])
        lines.append(f"replaced: {count}")
    return lines


def pairs(names: list[str]) -> dict[str, str] | None:
    """Return names by label. If one is malformed, print why and return None."""
    parts = [name.partition("=") for name in names]
    if not all(label and name for label, _, name in parts):
        output.error("names must have the form Speaker_1=Ann")
        return None
    return {label: name for label, _, name in parts}
