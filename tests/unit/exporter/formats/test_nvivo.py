import csv
import io

import pytest

from exporter.document import Document
from tests.unit.exporter.documents import (
    SCRIPTS,
    call,
    document,
    hostile,
    in_script,
    meeting,
    segment,
)
from tests.unit.exporter.rendering import rendered


def read(made: Document) -> list[list[str]]:
    text = rendered(made, "nvivo").decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    assert header == ["Timespan", "Content", "Speaker"]
    assert all(len(row) == 3 for row in rows)
    return rows


def test_every_segment_has_a_time_span() -> None:
    assert read(meeting())[2:4] == [
        ["0:00:05.5 - 0:00:09.0", "Yes, we decided to cut travel by ten percent.", "Ben Ode"],
        ["0:00:09.5 - 0:00:12.0", "I'll send the new figures by Friday.", "Ben Ode"],
    ]
    late = document([segment(0, "a", "x", 3725.97, 3726.5)])
    assert read(late)[0][0] == "1:02:05.9 - 1:02:06.5"


def test_speech_at_once_has_rows_of_its_own() -> None:
    assert [row[2] for row in read(call())] == ["Anna", "Ben", "Anna"]


def test_cells_are_neither_formulas_nor_columns() -> None:
    first, second = read(hostile())
    assert first[1].startswith("'@SUM(A1)")
    assert second[1:] == ["1. +1-800 | cell with tabs", "'-2+3"]


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_kept(language: str) -> None:
    name, sentence = SCRIPTS[language]
    assert [row[1:] for row in read(in_script(language))] == [[sentence, name]] * 3
