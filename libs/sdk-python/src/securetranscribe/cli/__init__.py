"""Command line client: `securetranscribe transcribe meeting.mp3`."""

from securetranscribe.cli.main import main
from securetranscribe.cli.output import clock, print_transcript, print_warnings

__all__ = ["clock", "main", "print_transcript", "print_warnings"]
