from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.book import Book
from tests.chaos.verdict import Verdict
from tests.upgrade.journey import Side
from tests.upgrade.report import HEADING, log_lines, section
from tests.upgrade.upgrade import Outcome, Passage, Plan


@pytest.fixture
def outcome(tmp_path: Path) -> Outcome:
    book = Book(path=tmp_path / "book.jsonl")
    for name in ("upload", "upload", "look"):
        book.acknowledge(book.begin("owner1 rest", name))
    book.refuse(book.begin("owner1 rest", "edit"), "conflict")
    book.lose(book.begin("owner1 rest", "edit"), "no answer")
    book.acknowledge(book.begin("owner1 rest", "edit"))

    def passage(name: str, first: int) -> Passage:
        return Passage(
            name=name,
            seconds=12.3,
            first=first,
            waiting=3,
            completed=first + 1,
            carried=Counter({Side.OLD: 1_500_000}),
        )

    return Outcome(
        plan=Plan(repository=tmp_path, old="HEAD~9", new="HEAD"),
        commits={Side.OLD: "abc", Side.NEW: "def"},
        schemas=["gateway/0011_sealed_answers"],
        book=book,
        verdict=Verdict(counts=Counter({"completed": 2}), failures=Counter()),
        passages=[passage("old release", 0), passage("upgrade", 4)],
        seconds=99.6,
        errors={Side.OLD: Counter({"api: lost": 1, "api: failed": 2}), Side.NEW: Counter()},
    )


def test_section_has_a_row_per_phase(outcome: Outcome) -> None:
    lines = section(outcome).splitlines()
    assert lines[0] == HEADING
    assert lines[2] == "`make upgrade-check FROM=HEAD~9`"
    assert lines[3].startswith("from abc to def on 2")
    assert lines[3].endswith("100 s in all.")
    assert "- Migrations: gateway/0011_sealed_answers." in lines
    assert "- Jobs of acknowledged uploads: 2 completed, 0 failed, 0 cancelled." in lines
    assert "- Findings: 0." in lines
    assert "| old release | 12 | 3 | 2 | 0 | 0 | 0 | 0 | 1 | 1 | 0 | 1 | 1.5, 0.0 |" in lines
    assert "| upgrade | 12 | 3 | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 1 | 5 | 1.5, 0.0 |" in lines
    heads = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in heads} == {14}


def test_section_has_findings_and_the_other_commit(outcome: Outcome) -> None:
    changed = replace(
        outcome,
        plan=replace(outcome.plan, new="main"),
        verdict=Verdict(findings=["a.wav is lost\nmore"], failures=Counter({"WORKER_LOST": 1})),
    )
    text = section(changed)
    assert '`make upgrade-check FROM=HEAD~9 ARGS="--to main"`' in text
    assert "- Findings: 1.\n  - a.wav is lost\n" in text
    assert "0 failed (1 WORKER_LOST)" in text


def test_log_lines_begin_with_the_most_frequent_error(outcome: Outcome) -> None:
    assert list(log_lines(outcome)) == [
        "2 times in abc, api: failed",
        "1 times in abc, api: lost",
    ]
