"""`docs/security.md` judges requirements once, and names tests and gaps that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "security.md").read_text()
_TEST = re.compile(r"`([\w/]+\.py)::([\w:]+)`")
_ROW = re.compile(
    r"^\| (?P<ids>[\d., –]+) \| (?P<about>.+) \| (?P<state>[\w/]+) \| (?P<reason>.+) \|$"
)
_ID = re.compile(r"\d+\.\d+\.\d+")
_TABLE = TEXT.partition("<!-- asvs -->")[2].partition("<!-- /asvs -->")[0]
CHAPTERS = range(1, 15)


def rows() -> list[re.Match[str]]:
    lines = [line for line in _TABLE.splitlines() if line.startswith("|")][2:]
    matches = [_ROW.match(line) for line in lines]
    assert None not in matches, lines[matches.index(None)]
    return [match for match in matches if match is not None]


def requirements(text: str) -> list[str]:
    """Return the numbers of a cell such as `2.1.1–2.1.3, 2.4.1`."""
    found = []
    for part in text.split(", "):
        first, _, last = part.partition("–")
        assert _ID.fullmatch(first), part
        section, _, number = first.rpartition(".")
        end = int(last.rpartition(".")[2]) if last else int(number)
        assert not last or last.startswith(f"{section}."), part
        assert end >= int(number), part
        found += [f"{section}.{each}" for each in range(int(number), end + 1)]
    return found


@cache
def names_in(file: str) -> frozenset[str]:
    """Return the tests of a file. Those of a class have its name in front."""
    found = set()
    for node in ast.parse((ROOT / "tests" / file).read_text()).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            f"{prefix}{one.name}"
            for one in inside
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
    return frozenset(found)


def test_every_named_test_exists() -> None:
    named = _TEST.findall(TEXT)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / "tests" / file).is_file() or name not in names_in(file)
    ]
    assert missing == []
    assert all(name.rpartition("::")[2].startswith("test_") for _, name in named)
    assert len(named) > 80


def test_every_requirement_is_judged_once() -> None:
    numbers = [number for row in rows() for number in requirements(row["ids"])]
    assert sorted(set(numbers)) == sorted(numbers)
    assert {int(number.partition(".")[0]) for number in numbers} == {*CHAPTERS}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["ids"])
def test_state_has_its_evidence(row: re.Match[str]) -> None:
    named = bool(_TEST.search(row["reason"]))
    reason = _TEST.sub("", row["reason"]).strip(" ,.")
    match row["state"]:
        case "shown":
            assert named
        case "part":
            assert named
            assert reason
        case "stated" | "gap" | "n/a":
            assert reason
            assert not named
        case other:
            pytest.fail(f"unknown state {other}")


def test_gaps_are_listed() -> None:
    listed = re.findall(r"^\| \*\*(G\d+)\*\*", TEXT, re.MULTILINE)
    assert listed == [f"G{number}" for number in range(1, len(listed) + 1)]
    assert {*re.findall(r"\bG\d+\b", TEXT)} == {*listed}
