"""One long recording on one and on two pairs of workers that run side by side, each on a core.

    python -m bench.parts_run --data DIR [--minutes 60] [--pairs 1,2]

Uploads the recording of `bench.parts_scaling` to a stack of its own for each number of pairs. A
pair is a recognizer and a diarizer that share one core. All other processes use all cores. Prints
how long each takes from the end of the upload, and the errors of its words.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from bench.metrics import word_errors
from bench.parts_scaling import compose
from bench.pipeline import watch
from bench.processes import family
from devstack.config import DIARIZER, TRANSCRIBER_WORKER
from devstack.service_stack import ServiceStack
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient

_OVERRIDES = {
    "*": {
        "MAX_FILE_SIZE": "4GB",
        "LOG_LEVEL": "WARNING",
        "MODEL_THREADS": "1",
        "START_EARLY": "false",
    }
}


def main() -> None:
    """Print a row per number of pairs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with recordings")
    parser.add_argument("--pairs", default="1,2", help="numbers of pairs, at most one per core")
    parser.add_argument("--minutes", type=float, default=60.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        file = Path(directory) / "hour.wav"
        text = compose(chosen.data, chosen.minutes * 60, file)
        print("| pairs | time | times as fast | of N | WER |\n|---|---|---|---|---|")
        first = 0.0
        for pairs in map(int, chosen.pairs.split(",")):
            took, found = _run(file, pairs)
            first = first or took * pairs
            rate = 100 * word_errors(text, found).rate
            print(
                f"| {pairs} | {took:.1f} s | {first / took:.2f} | {first / took / pairs:.2f} "
                f"| {rate:.2f} % |",
                flush=True,
            )


def _run(file: Path, pairs: int) -> tuple[float, str]:
    """Return the seconds from the end of the upload to the transcript, and its text."""
    workers = {TRANSCRIBER_WORKER: pairs, DIARIZER: pairs}
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides=_OVERRIDES, workers=workers) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api", timeout_seconds=600) as client,
    ):
        _pin(services)
        with file.open("rb") as opened:
            answer = client.upload_audio(opened, language="en", auto_start=True)
        began = time.monotonic()
        number = int(answer["transcription_id"])
        watch(number, str(client.session_token), services)
        took = time.monotonic() - began
        state = client.get_status(number)
        if state["status"] != "completed":
            raise RuntimeError(f"the job failed: {state['error']}")
        return took, state["full_transcript"]


def _pin(services: ServiceStack) -> None:
    """Give every pair of workers a core of its own."""
    free = sorted(os.sched_getaffinity(0))
    for kind in (TRANSCRIBER_WORKER, DIARIZER):
        processes = [one for one in services.processes if one.name.startswith(kind)]
        for core, process in zip(free, processes, strict=False):
            for pid in family(process.pid):
                # New threads are pinned as the one that starts them.
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    os.sched_setaffinity(int(thread.name), {core})


if __name__ == "__main__":
    main()
