"""Rows of docs/clients.md, noted by tests that run other people's clients and our own."""

import json
import os
from pathlib import Path

#: Names the file that collects the rows.
VARIABLE = "CLIENTS_TABLE"
_LONGEST = 120


def note(*, client: str, version: str, run: str, output: str) -> None:
    """Note what a client did, for `python -m scripts.clients_table`. Otherwise do nothing."""
    path = os.environ.get(VARIABLE)
    if path is None:
        return
    shown = " ".join(output.split())
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST].rstrip()}…"
    row = {"client": client, "version": version, "run": run, "output": shown}
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
