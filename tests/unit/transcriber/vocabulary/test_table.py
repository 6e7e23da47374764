"""Vocabulary as CSV."""

import pytest

from common.errors import ValidationError
from transcriber.vocabulary import table
from transcriber.vocabulary.entries import NewCorrection, NewTerm

TERMS = [NewTerm(text="Kubernetes"), NewTerm(text='"Zitat" & more', language="de")]
CORRECTIONS = [
    NewCorrection(heard="cooper netties", meant="Kubernetes", language="en", match_case=True),
    NewCorrection(heard="minus", meant="-1"),
    NewCorrection(heard="sum", meant="=SUM(A1)"),
]


def test_a_written_table_can_be_read() -> None:
    assert table.read(table.write(TERMS, CORRECTIONS)) == (TERMS, CORRECTIONS)


def test_spreadsheets_do_not_execute_a_table() -> None:
    lines = table.write((), CORRECTIONS).splitlines()
    assert not any(cell.startswith(("=", "-")) for line in lines for cell in line.split(","))


def test_columns_may_be_few_and_in_any_order_and_have_a_mark() -> None:
    text = "\ufeffmeant,type,heard\r\nKubernetes,TERM,\r\nSmith,correction,Smyth\r\n"
    terms, corrections = table.read(text)
    assert terms == [NewTerm(text="Kubernetes")]
    assert corrections == [NewCorrection(heard="Smyth", meant="Smith")]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("heard,meant\na,b\n", "1"),
        ("type,heard,meant\nterm,,ok\nrule,a,b\n", "3"),
        ("type,heard,meant\ncorrection,,b\n", "2"),
        ("type,heard,meant,language\nterm,,a,klingon\n", "2"),
        ("type,heard,meant,match_case\ncorrection,a,b,maybe\n", "2"),
        ('type,heard,meant\nterm,,"open\n', "2"),
    ],
)
def test_the_line_of_an_invalid_row_is_named(text: str, row: str) -> None:
    with pytest.raises(ValidationError) as caught:
        table.read(text)
    assert caught.value.details == {"field": "csv", "row": row}


def test_large_tables_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not exceed"):
        table.read("x" * (table.MOST_BYTES + 1))
