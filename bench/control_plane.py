"""Processor time of a job outside of the workers: servers, gateway, api, and the rest.

    python -m bench.control_plane [--audio FILE]

A warm stack processes one recording, by default eleven times the sample of 30 s, watched over one
stream. What the same processes use while nothing happens is measured first, and printed by itself.
"""

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.pipeline import cpu_seconds, watch
from bench.recordings import repeated, sample
from devstack.process import Process
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient

_TICKS = os.sysconf("SC_CLK_TCK")
_REPETITIONS = 11
_IDLE_SECONDS = 30.0
#: A stack that has just started still connects, migrates and warms up.
_SETTLING_SECONDS = 10.0
_WORKERS = ("transcriber-worker", "diarizer")
_OVERRIDES = {"*": {"LOG_LEVEL": "WARNING"}}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the control plane of one job.")
    parser.add_argument("--audio", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides=_OVERRIDES) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api") as client,
    ):
        audio = options.audio or repeated(sample(), _REPETITIONS, Path(directory)).audio
        processes = [
            one
            for one in (*servers.processes, *services.processes)
            if not one.name.startswith(_WORKERS)
        ]
        time.sleep(_SETTLING_SECONDS)
        start = _used(processes)
        time.sleep(_IDLE_SECONDS)
        idle = _per_second(start, _used(processes), _IDLE_SECONDS)
        start, began = _used(processes), time.monotonic()
        with audio.open("rb") as file:
            number = int(client.upload_audio(file, auto_start=True)["transcription_id"])
        uploaded = _used(processes)
        watch(number, str(client.session_token), services)
        wall = time.monotonic() - began
        job = _per_second(start, _used(processes), 1.0)
        upload = _per_second(start, uploaded, 1.0)
        seconds = client.get_status(number)["file_info"]["duration"]
    print(f"one job of {seconds:.0f} s of audio, {wall:.0f} s from upload to end, CPU seconds:")
    print(f"{'':<22}{'all':>8}{'upload':>8}{'idle':>8}")
    for name in job:
        print(f"{name:<22}{job[name]:8.2f}{upload[name]:8.2f}{idle[name] * wall:8.2f}")
    total = [sum(used.values()) for used in (job, upload, idle)]
    print(f"{'total':<22}{total[0]:8.2f}{total[1]:8.2f}{total[2] * wall:8.2f}")


def _used(processes: list[Process]) -> dict[str, float]:
    """Return the processor time of processes with their children, as those of Postgres."""
    return {one.name: cpu_seconds(one) + _of_children(one.pid) for one in processes}


def _of_children(pid: int) -> float:
    used = 0.0
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # ended in the meantime
            for child in children.read_text().split():
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                used += sum(int(ticks) for ticks in fields[11:15]) / _TICKS
                used += _of_children(int(child))
    return used


def _per_second(
    start: Mapping[str, float], end: Mapping[str, float], seconds: float
) -> dict[str, float]:
    return {name: (end[name] - used) / seconds for name, used in start.items()}


if __name__ == "__main__":
    main()
