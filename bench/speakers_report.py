"""Puts measured figures into a document, between marks that name them."""

from collections.abc import Sequence
from pathlib import Path


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def replace_part(path: Path, name: str, text: str) -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- /name -->` in a file.

    Raises:
        ValueError: the file has no such marks.
    """
    before, opened, rest = path.read_text().partition(f"<!-- {name} -->")
    _, closed, after = rest.partition(f"<!-- /{name} -->")
    if not opened or not closed:
        raise ValueError(f"{path} has no part called {name}")
    path.write_text(f"{before}{opened}\n{text}\n{closed}{after}")
