"""Measure the English of docstrings and fail where it drifts from the house style.

Usage: ``python scripts/prose.py [PATH ...]``. Print relative pronouns, headless "what" and
semicolons per 100 words of docstring prose for each path. The exit status is 1 when the total is
over a limit. Measured the same way, procrastinate, httpx, starlette, dramatiq, nats.py and
temporalio have 0.67 to 1.26 relative pronouns, 0 to 0.04 headless "what" and 0 to 0.10 semicolons.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATHS = (
    "libs/common/src",
    "libs/devstack/src",
    "libs/sdk-python/src",
    "services/gateway/src",
    "services/transcriber/src",
    "services/diarizer/src",
    "services/speakers/src",
    "services/exporter/src",
    "scripts",
    "bench",
)
GENERATED = "securetranscribe/v1"
#: Most occurrences per 100 words.
LIMITS = {"relative pronouns": 1.3, 'headless "what"': 0.1, "semicolons": 0.25}

_CODE = re.compile(r"``.*?``|`[^`]*`|^\s*(?:>>>|\.\.\.).*$", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
# "that" counts as a relative pronoun after a noun phrase, not after a verb of saying ("check
# that") or before a noun ("that job"). A word list is enough for a figure that shows a drift.
_PRONOUN = re.compile(r"\b(?:which|who|whom|whose)\b|\b(\w+),? that ", re.IGNORECASE)
_NOT_BEFORE_RELATIVE = frozenset(
    """
    so such sure certain check checks ensure ensures say says show shows know knows prove proves
    see sees assert asserts mean means guarantee guarantees report reports find finds assume
    assumes note notes verify verifies after before in of for to from with by on at and or than is
    are was be like as if when until require requires believe
    """.split()  # noqa: SIM905 - a list of words reads better as text
)
_HEADLESS = re.compile(r"\bwhat\b(?!\s+(?:kind|sort|time|extent)\b)(?!\?)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts over the docstrings of some files."""

    words: int = 0
    pronouns: int = 0
    headless: int = 0
    semicolons: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            words=self.words + other.words,
            pronouns=self.pronouns + other.pronouns,
            headless=self.headless + other.headless,
            semicolons=self.semicolons + other.semicolons,
        )

    def per_hundred(self) -> dict[str, float]:
        """Return occurrences per 100 words, named as in `LIMITS`."""
        hundreds = max(self.words, 1) / 100
        counts = (self.pronouns, self.headless, self.semicolons)
        return {name: count / hundreds for name, count in zip(LIMITS, counts, strict=True)}


def measure(text: str) -> Figures:
    """Count in one docstring. Code between backticks and doctest lines are left out."""
    prose = _CODE.sub(" X ", text)
    pronouns = sum(
        1
        for match in _PRONOUN.finditer(prose)
        if match[1] is None or match[1].lower() not in _NOT_BEFORE_RELATIVE
    )
    return Figures(
        words=len(_WORD.findall(prose)),
        pronouns=pronouns,
        headless=len(_HEADLESS.findall(prose)),
        semicolons=prose.count(";"),
    )


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and its functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def measure_path(path: Path) -> Figures:
    """Add up the figures of a file, or of all Python files below a directory."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    total = Figures()
    for file in files:
        if GENERATED not in file.as_posix():
            for text in docstrings(file.read_text(encoding="utf-8")):
                total += measure(text)
    return total


def main(arguments: list[str]) -> int:
    """Print the figures and return the exit status."""
    paths = arguments or DEFAULT_PATHS
    total = Figures()
    print(f"{'docstring prose per 100 words':<34}" + "".join(f"{name:>20}" for name in LIMITS))
    for path in paths:
        figures = measure_path(Path(path))
        total += figures
        print(line(path, figures))
    if len(paths) > 1:
        print(line("all", total))
    over = [name for name, value in total.per_hundred().items() if value > LIMITS[name]]
    for name in over:
        print(f"over the limit: {name}, at most {LIMITS[name]} per 100 words")
    return 1 if over else 0


def line(path: str, figures: Figures) -> str:
    """Return one row of the table."""
    values = "".join(f"{value:>20.2f}" for value in figures.per_hundred().values())
    return f"{path:<34}{values}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
