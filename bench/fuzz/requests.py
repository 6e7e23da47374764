"""Requests that schemathesis generates from the OpenAPI document of the running product."""

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

from bench.fuzz.oracle import ANSWERS_VARIABLE, Book
from bench.fuzz.target import Target

KIND = "requests"
_ROOT = Path(__file__).resolve().parents[2]
#: Would end the session, or delete things that other cases need.
_EXCLUDED = (
    "--exclude-method=DELETE",
    r"--exclude-path-regex=/transcription/[^/]+/trash|/transcriptions/bulk|/sessions?/|/users/me",
)
_TAIL = 3000


async def run(target: Target, book: Book, directory: Path, *, examples: int, seed: int) -> None:
    """Test every operation with about `examples` requests, and judge every answer."""
    answers = directory / "answers.jsonl"
    answers.touch()
    (directory / "schemathesis.toml").write_text(
        f'[parameters]\n"path.transcription_id" = {target.known["transcription_id"]}\n'
    )
    environment = {
        **os.environ,
        ANSWERS_VARIABLE: str(answers),
        "SCHEMATHESIS_HOOKS": "bench.fuzz.schemathesis_check",
        "PYTHONPATH": str(_ROOT),
    }
    base = str(target.http.base_url).rstrip("/")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{base}/openapi.json",
        "--checks=judged", f"--seed={seed}", "--generation-deterministic", "--phases=fuzzing",
        f"--max-examples={examples}", "--suppress-health-check=all", "--request-timeout=120",
        "--no-shrink", "--no-color", f"--header=Authorization:Bearer {target.token}", *_EXCLUDED,
        cwd=directory,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    if process.returncode or not lines:
        text = output.decode(errors="replace").partition(" WARNINGS =")[0]
        book.fault(KIND, seed, f"schemathesis ended with {process.returncode}: {text[-_TAIL:]}")
    counts: Counter[int] = Counter()
    for line in lines:
        book.busy += line["busy"]
        if fault := line.get("fault"):
            book.fault(KIND, seed, fault)
        else:
            counts[line["status"]] += 1
    book.outcomes.setdefault(KIND, Counter()).update(
        {str(status): count for status, count in counts.items()}
    )
