"""Markdown tables, and their replacement between named marks in a document."""

from collections.abc import Sequence
from pathlib import Path

WRITE_HELP = "document in which the figures replace the text between the marks of this benchmark"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def replace_part(path: Path, name: str, text: str) -> None:
    """Replace the text between `<!-- name -->` and `<!-- /name -->` in a file.

    Raises:
        ValueError: The file has no such marks.
    """
    before, opened, rest = path.read_text().partition(f"<!-- {name} -->")
    _, closed, after = rest.partition(f"<!-- /{name} -->")
    if not opened or not closed:
        raise ValueError(f"{path} has no part called {name}")
    path.write_text(f"{before}{opened}\n{text}\n{closed}{after}")
