"""Runs the tests of all clients, and writes what they saw to the table of docs/clients.md.

.venv/bin/python -m scripts.clients_table
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.clients import VARIABLE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/clients.md"
START, END = "<!-- table -->\n", "<!-- end -->\n"
#: The tests that note rows.
TESTS = (
    "tests/e2e/test_openai.py",
    "tests/e2e/test_cli.py",
    "tests/e2e/test_mcp.py",
    "tests/e2e/test_sdk_js.py",
    "tests/e2e/test_sdk_python.py",
    "tests/e2e/test_events_examples.py",
    "tests/web/test_sdk_js.py",
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows in Markdown, in the order of their clients' names."""
    lines = ["| client | version | run | output |", "|---|---|---|---|"]
    for row in sorted(rows, key=lambda row: (row["client"].lower(), row["run"])):
        output = row["output"].replace("|", "\\|").replace("`", "'")
        lines.append(f"| {row['client']} | {row['version']} | {row['run']} | `{output}` |")
    return "\n".join(lines) + "\n"


def written(page: str, rows: Sequence[dict[str, Any]]) -> str:
    """Return the page with these rows in its table."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table(rows)}\n{END}{after}"


def main() -> None:
    """Run the tests. The page stays as it is if one of them fails."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows"
        command = [sys.executable, "-m", "pytest", "-q", *TESTS]
        environment = {**os.environ, VARIABLE: str(path)}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), rows), encoding="utf-8")


if __name__ == "__main__":
    main()
