"""The table of clients has the versions that the tests use."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.clients_table import TESTS, written

ROOT = Path(__file__).parents[3]
_PAGE = ROOT / "docs/clients.md"
_PACKAGES = {
    "openai for Node.js": ("tests/e2e/openai_client", "openai"),
    "@nats-io/jetstream": ("docs/examples", "@nats-io/jetstream"),
}
_PINS = {"mcp for Python": "mcp", "openai for Python": "openai", "nats-py": "nats-py"}


def _versions() -> dict[str, str]:
    rows = re.findall(r"^\| ([^|`]+) \| ([\d.]+) \| ", _PAGE.read_text(), re.MULTILINE)
    return dict(rows)


def _pinned() -> dict[str, str]:
    constraints = (ROOT / "constraints.txt").read_text()
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", constraints, re.MULTILINE))
    found = {client: pins[name] for client, name in _PINS.items()}
    for client, (directory, name) in _PACKAGES.items():
        package = json.loads((ROOT / directory / "package.json").read_text())
        found[client] = package["dependencies"][name]
    return found


def test_versions_are_those_of_the_tests() -> None:
    versions = _versions()
    pinned = _pinned()
    told = {client: versions.get(client) for client in pinned}
    assert told == pinned, "Run 'python -m scripts.clients_table'."
    assert any(client.startswith("securetranscribe-js in Chromium") for client in versions)
    assert any(client.startswith("securetranscribe-js in Node.js") for client in versions)


def _noted(test: str) -> Iterator[str]:
    """Return patterns of the runs that a test notes."""
    for node in ast.walk(ast.parse((ROOT / test).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "clients.note":
            (run,) = [one.value for one in node.keywords if one.arg == "run"]
            parts = run.values if isinstance(run, ast.JoinedStr) else [run]
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\d+"
                for part in parts
            )


def test_runs_are_those_of_the_tests() -> None:
    runs = re.findall(r"^\| [^|`]+ \| [\d.]+ \| ([^|]+) \| ", _PAGE.read_text(), re.MULTILINE)
    noted = [run for test in TESTS for run in _noted(test)]
    missing = [run for run in noted if not any(re.fullmatch(run, one) for one in runs)]
    left = [one for one in runs if not any(re.fullmatch(run, one) for run in noted)]
    assert (missing, left) == ([], []), "Run 'python -m scripts.clients_table'."


def test_every_test_that_notes_a_client_is_run() -> None:
    noting = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").glob("*/test_*.py")
        if "clients.note(" in path.read_text()
    }
    assert noting == set(TESTS)


def test_rows_are_replaced() -> None:
    row = {"client": "b", "version": "1", "run": "x", "output": "one | `two`"}
    page = written(_PAGE.read_text(), [row, {**row, "client": "A"}])
    before, _, table = page.partition("<!-- table -->\n\n")
    assert before.startswith("# Clients")
    lines = table.splitlines()
    assert lines[2:4] == [r"| A | 1 | x | `one \| 'two'` |", r"| b | 1 | x | `one \| 'two'` |"]
    assert lines[5] == "<!-- end -->"
    assert written(page, [row, {**row, "client": "A"}]) == page
