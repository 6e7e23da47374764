"""Command line client: `securetranscribe transcribe meeting.mp3`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from securetranscribe import admin
from securetranscribe.client import SecureTranscribeClient
from securetranscribe.errors import ApiError, ConnectionFailedError

DEFAULT_URL = "http://localhost:8000/api"
_MODES = ("auto", "mix", "separate")
_CHANNELS = (
    "recognize channels and tracks as a mix, or each by itself (separate). By default (auto), "
    "decide by measurement"
)
_TRANSCRIPTION_ID = "id of the transcription, as listed by list"


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Return the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "models":
        return _models(options.rest)
    if options.command == "admin":
        return admin.run(options)
    try:
        with SecureTranscribeClient(options.url, options.token) as client:
            return _COMMANDS[options.command](client, options)
    except (ApiError, ConnectionFailedError) as error:
        print(f"securetranscribe: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"securetranscribe: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped waiting. The job continues on the server.", file=sys.stderr)
        return 130


def print_transcript(state: dict[str, Any]) -> None:
    """Print one line per segment: start, end, speaker and text. Notes go to standard error."""
    print_warnings(state)
    channels = state.get("channels") or {}
    if channels.get("decided") == "separate":
        print(f"channels: separate. {channels['reason']}", file=sys.stderr)
    width = max((len(name) for name in state["speakers"]), default=0)
    for segment in state["segments"]:
        begin, end = clock(segment["start_time"]), clock(segment["end_time"])
        print(f"{begin} - {end}  {segment['speaker']:<{width}}  {segment['text']}")
    if not state["segments"]:
        print("(no speech in this recording)")


def print_warnings(state: dict[str, Any]) -> None:
    """Print the warnings of a transcription to standard error."""
    for warning in state.get("warnings") or []:
        print(f"warning: {warning}", file=sys.stderr)


def clock(seconds: float) -> str:
    """Format seconds, such as `00:01:05.2`."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{rest:04.1f}"


def _transcribe(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    status = 0
    for path in options.file:
        with Path(path).open("rb") as file:
            uploaded = client.upload_audio(
                file,
                language=options.language,
                auto_start=True,
                channels=options.channels,
                allow_truncated=options.allow_truncated,
                voice_memory=options.voice_memory,
                **_speaker_numbers(options),
            )
        state = _finished(client, uploaded["transcription_id"], path)
        if state is None:
            status = 1
        elif options.output:
            name = f"{Path(path).stem}.{options.format}"
            target = (
                Path(options.output) / name if Path(options.output).is_dir() else options.output
            )
            Path(target).write_bytes(
                client.export_transcription(state["transcription_id"], options.format)
            )
            print_warnings(state)
            print(f"wrote {target}")
        else:
            print_transcript(state)
    return status


def _start(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    client.start_transcription(
        options.id,
        language=options.language,
        channels=options.channels,
        **_speaker_numbers(options),
    )
    state = _finished(client, options.id, str(options.id))
    if state is None:
        return 1
    print_transcript(state)
    return 0


def _speaker_numbers(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "num_speakers": options.speakers,
        "min_speakers": options.min_speakers,
        "max_speakers": options.max_speakers,
    }


def _finished(
    client: SecureTranscribeClient, transcription_id: int, title: str
) -> dict[str, Any] | None:
    """Wait for a transcription and return its state. If it failed, print why and return None."""
    state = client.wait(transcription_id, on_progress=_show_progress)
    print(file=sys.stderr)
    failure = state.get("error")
    if state["status"] != "failed" and not failure:
        return state
    reason = (failure or {}).get("message", "no reason given")
    print(f"{title}: failed: {reason}", file=sys.stderr)
    return None


def _status(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    state = client.get_status(options.id)
    print(f"{state['status']}  {state['progress_percentage']:.0f} %  {state['current_step']}")
    if state["status"] == "completed":
        print_transcript(state)
    return 0


def _list(client: SecureTranscribeClient, _options: argparse.Namespace) -> int:
    for item in client.list_transcriptions(limit=100)["transcriptions"]:
        print(f"{item['id']:>8}  {item['status']:<10}  {item['original_filename']}")
    return 0


def _voices(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    for voice in client.list_voices(options.id):
        how = voice["name_source"]
        if how == "suggested" and voice["confidence_score"] is not None:
            how = f"suggested, {100 * voice['confidence_score']:.0f} %"
        print(f"{voice['speaker_label']:<12}  {voice['name']:<24}  {how}")
    return 0


def _name(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    pairs = [pair.partition("=") for pair in options.names]
    if not all(label and name for label, _, name in pairs):
        print("securetranscribe: names must have the form Speaker_1=Ann", file=sys.stderr)
        return 2
    client.assign_speakers(options.id, {label: name for label, _, name in pairs})
    return _voices(client, options)


def _speakers(client: SecureTranscribeClient, _options: argparse.Namespace) -> int:
    for speaker in client.list_speakers():
        print(
            f"{speaker['id']:>8}  {speaker['confidence_level']:<9}  "
            f"{speaker['sample_count']:>4} observations  {speaker['name']}"
        )
    return 0


def _enroll(client: SecureTranscribeClient, options: argparse.Namespace) -> int:
    with Path(options.file).open("rb") as file:
        enrolled = client.enroll_speaker(options.id, file)
    seconds = enrolled["observation"]["voice_seconds"]
    print(f"{enrolled['speaker']['name']}: added {seconds:.1f} s of speech")
    return 0


def _models(rest: list[str]) -> int:
    try:
        from common.models import cli  # noqa: PLC0415 - only where a service is installed
    except ImportError:
        print(
            "securetranscribe: the models command needs an installed service. "
            "Run it in the environment of a worker.",
            file=sys.stderr,
        )
        return 1
    return cli.main(rest)


_COMMANDS = {
    "transcribe": _transcribe,
    "start": _start,
    "status": _status,
    "list": _list,
    "voices": _voices,
    "name": _name,
    "speakers": _speakers,
    "enroll": _enroll,
}


def _show_progress(percent: float, step: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{percent:5.1f} %  {step:<50}", end="", file=sys.stderr, flush=True)


def _add_speaker_numbers(command: argparse.ArgumentParser) -> None:
    for option, meaning in (
        ("--speakers", "number of speakers, if it is known (default: found out)"),
        ("--min-speakers", "least number of speakers"),
        ("--max-speakers", "greatest number of speakers"),
    ):
        command.add_argument(option, type=int, metavar="N", help=meaning)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="securetranscribe", description="Transcribe recordings and manage speakers."
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("SECURETRANSCRIBE_URL", DEFAULT_URL),
        help="base URL of the API, ending in /api "
        f"(environment variable SECURETRANSCRIBE_URL, default {DEFAULT_URL})",
    )
    parser.add_argument(
        "--token",
        default=os.environ.get("SECURETRANSCRIBE_TOKEN"),
        help="session token (environment variable SECURETRANSCRIBE_TOKEN, default: a new session)",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    transcribe = commands.add_parser("transcribe", help="transcribe files and print the result")
    transcribe.add_argument("file", nargs="+", help="audio or video file")
    transcribe.add_argument("--language", help="tag such as en or pt-BR (default: detected)")
    transcribe.add_argument("--channels", choices=_MODES, help=_CHANNELS)
    transcribe.add_argument(
        "--allow-truncated",
        action="store_true",
        help="accept a recording that breaks off, as far as it goes",
    )
    transcribe.add_argument(
        "--no-voice-memory",
        dest="voice_memory",
        action="store_false",
        help="keep no voiceprint of the speakers",
    )
    _add_speaker_numbers(transcribe)
    transcribe.add_argument("--output", help="file or directory to write to instead of printing")
    transcribe.add_argument("--format", default="txt", help="format of --output (default: txt)")
    start = commands.add_parser(
        "start", help="process an uploaded recording, or process it again, and print the result"
    )
    start.add_argument("id", type=int, help=_TRANSCRIPTION_ID)
    start.add_argument("--language", help="language code such as en (default: as uploaded)")
    start.add_argument(
        "--channels",
        choices=_MODES,
        help="as for transcribe (default: as uploaded). Another mode processes a complete "
        "transcription again",
    )
    _add_speaker_numbers(start)
    status = commands.add_parser("status", help="show the state of a transcription")
    status.add_argument("id", type=int, help=_TRANSCRIPTION_ID)
    commands.add_parser("list", help="list the transcriptions of the session")
    voices = commands.add_parser("voices", help="list the voices of a transcription")
    voices.add_argument("id", type=int, help=_TRANSCRIPTION_ID)
    name = commands.add_parser("name", help="name the voices of a transcription")
    name.add_argument("id", type=int, help=_TRANSCRIPTION_ID)
    name.add_argument(
        "names", nargs="+", metavar="VOICE=NAME", help="label and name, such as Speaker_1=Ann"
    )
    commands.add_parser("speakers", help="list the speaker profiles")
    enroll = commands.add_parser("enroll", help="add the voice in a clip to a speaker profile")
    enroll.add_argument("id", type=int, help="id of the profile, as listed by speakers")
    enroll.add_argument("file", help="clip with speech of this person alone")
    admin.add_commands(commands)
    models = commands.add_parser("models", help="download and verify models")
    models.add_argument("rest", nargs=argparse.REMAINDER, help="arguments, such as pull or verify")
    return parser


if __name__ == "__main__":
    sys.exit(main())
