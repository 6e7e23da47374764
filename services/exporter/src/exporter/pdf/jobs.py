"""Typesetting jobs, each run in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from common.errors import ExportError

# Two hours of speech take about a second, so a job that reaches this limit hangs.
JOB_SECONDS = 120.0

# One thread, since exports share the cores, and a glibc allocator that returns free memory at once.
# Together they save a tenth of the memory.
_LOW_MEMORY = {
    "RAYON_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}


def run_job(job: dict[str, Any], *, timeout: float = JOB_SECONDS) -> int:
    """Run one job and return the number of pages of its output.

    Raise ExportError when the job fails or takes longer than `timeout` seconds. Messages of the
    library are not passed on, because they may quote the transcript.
    """
    # -P keeps files of the working directory from being imported as modules.
    command = [sys.executable, "-P", "-m", "exporter.pdf.typesetter"]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _LOW_MEMORY,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ExportError("Typesetting took too long.") from None
    try:
        result = json.loads(done.stdout)
    except ValueError:
        result = {"error": f"the process ended with status {done.returncode}"}
    if "error" in result:
        raise ExportError("Typesetting failed.") from RuntimeError(result["error"])
    return int(result["pages"])


def typeset_part(content: dict[str, Any], fonts: list[Path], output: Path) -> int:
    """Typeset one part into a file. Return the number of pages."""
    directories = [str(path) for path in fonts]
    job = {"kind": "typeset", "content": content, "fonts": directories, "output": str(output)}
    return run_job(job)


def join_parts(parts: list[Path], title: str, output: Path) -> int:
    """Join parts into one file. Return the number of pages."""
    paths = [str(path) for path in parts]
    return run_job({"kind": "join", "parts": paths, "title": title, "output": str(output)})
