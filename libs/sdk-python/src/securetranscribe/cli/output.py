"""Output of the command line."""

import argparse
import json
import sys
from collections.abc import Iterable
from typing import Any

_NAME = "securetranscribe"


def error(message: object) -> None:
    """Print an error to standard error."""
    print(f"{_NAME}: {message}", file=sys.stderr)


def note(message: str) -> None:
    """Print a remark to standard error."""
    print(message, file=sys.stderr)


def show(options: argparse.Namespace, data: Any, lines: Iterable[str]) -> None:
    """Print data as JSON if that was asked for, else lines of text."""
    if options.json:
        print_json(data)
        return
    for line in lines:
        print(line)


def print_json(data: Any) -> None:
    """Print data as one line of JSON."""
    print(json.dumps(data, ensure_ascii=False), flush=True)


def print_transcript(state: dict[str, Any]) -> None:
    """Print one line per segment: start, end, speaker and text. Notes go to standard error."""
    print_warnings(state)
    channels = state.get("channels") or {}
    if channels.get("decided") == "separate":
        note(f"channels: separate. {channels['reason']}")
    width = max((len(name) for name in state["speakers"]), default=0)
    for segment in state["segments"]:
        begin, end = clock(segment["start_time"]), clock(segment["end_time"])
        print(f"{begin} - {end}  {segment['speaker']:<{width}}  {segment['text']}")
    if not state["segments"]:
        print("(no speech in this recording)")


def print_warnings(state: dict[str, Any]) -> None:
    """Print the warnings of a transcription to standard error."""
    for warning in state.get("warnings") or []:
        note(f"warning: {warning}")


def clock(seconds: float) -> str:
    """Format seconds, such as `00:01:05.2`."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02}:{minutes:02}:{rest:04.1f}"
