"""Transcribe a real two-speaker recording on a temporary stack and print the transcript."""

import sys
import tempfile
import time
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from bench import recordings
from devstack.errors import DevstackError
from devstack.testing import embedded_servers, running_services
from securetranscribe import ApiError, ConnectionFailedError, SecureTranscribeClient
from securetranscribe.cli import print_transcript

EXPORTS = Path("exports")
FORMATS = ("txt", "json", "csv", "pdf")
TIMEOUT_SECONDS = 900


def main() -> int:
    """Run the demo and return the exit status."""
    recording = Path(sys.argv[1]) if len(sys.argv) > 1 else recordings.sample().audio
    # Lines must appear at once, in a log as well.
    cast("TextIOWrapper", sys.stdout).reconfigure(line_buffering=True)
    print("Starting the servers and the services, which takes about half a minute ...")
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-demo-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api") as client,
    ):
        print(f"Running at {services.gateway_url}. Transcribing {recording.name} ...")
        begun = time.monotonic()
        with recording.open("rb") as file:
            uploaded = client.upload_audio(file, auto_start=True)
        state = client.wait(
            uploaded["transcription_id"], on_progress=show, timeout_seconds=TIMEOUT_SECONDS
        )
        if state["status"] == "failed":
            print(f"The transcription failed: {state['error']['message']}")
            return 1
        seconds = time.monotonic() - begun
        length = state["file_info"]["duration"]
        print(f"\n{length:.0f} s of audio in {seconds:.0f} s, {state['num_speakers']} speakers:\n")
        print_transcript(state)
        write_exports(client, state["transcription_id"], recording.stem)
    return 0


def show(percent: float, step: str) -> None:
    """Print progress."""
    print(f"  {percent:5.1f} %  {step}")


def write_exports(client: SecureTranscribeClient, transcription_id: int, stem: str) -> None:
    """Write the finished transcript in several formats."""
    EXPORTS.mkdir(exist_ok=True)
    print()
    for name in FORMATS:
        target = EXPORTS / f"{stem}.{name}"
        target.write_bytes(client.export_transcription(transcription_id, name))
        print(f"wrote {target}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ApiError, ConnectionFailedError, DevstackError, TimeoutError) as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: stopped")
