"""Runs the typesetting process, job by job."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from common.errors import ExportError

# Setting two hours of speech takes about a second; a process that hangs must end some time.
JOB_SECONDS = 120.0


# One thread (a document in the background need not have every core), and memory that is given back
# as soon as it is free where the C library is glibc; together they save a tenth.
_FRUGAL = {
    "RAYON_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}


def run_job(job: dict[str, Any], *, timeout: float = JOB_SECONDS) -> int:
    """Runs one job and returns how many pages its output has.

    Raises ExportError when the job fails or takes longer than `timeout` seconds. The reason is
    never the library's message, which may quote the transcript.
    """
    # -P: what happens to lie in the working directory must not stand in for a module.
    command = [sys.executable, "-P", "-m", "exporter.pdf.typesetter"]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _FRUGAL,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ExportError("Setting the pages took too long.") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = {"error": f"the process ended with status {done.returncode}"}
    if "error" in answer:
        raise ExportError("The pages could not be set.") from RuntimeError(answer["error"])
    return int(answer["pages"])


def set_part(content: dict[str, Any], fonts: list[Path], output: Path) -> int:
    """Sets one part into a file; returns its pages."""
    directories = [str(path) for path in fonts]
    job = {"kind": "set", "content": content, "fonts": directories, "output": str(output)}
    return run_job(job)


def join_parts(parts: list[Path], title: str, output: Path) -> int:
    """Joins parts into one file; returns its pages."""
    paths = [str(path) for path in parts]
    return run_job({"kind": "join", "parts": paths, "title": title, "output": str(output)})
