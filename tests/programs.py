"""Programs of the project, run by tests as users run them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_STOP_SECONDS = 300.0


def run_module(*arguments: str, seconds: float = 3600.0) -> str:
    """Run `python -m` and return its output.

    Raises:
        AssertionError: it failed, or took longer than `seconds`.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    environment["MODEL_DIR"] = str(Path(environment.get("MODEL_DIR", ".models")).absolute())
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=environment,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            # As by Ctrl-C, so that it stops what it started.
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=_STOP_SECONDS)
            raise AssertionError(f"no end within {seconds:.0f} s:\n{output[-8000:]}") from None
    assert process.returncode == 0, output[-8000:]
    return output
