import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.safe_text import one_line, spreadsheet_cell, xml_text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\x00b\x07c\x1bd", "abcd"),
        ("two\nlines\r\n and\ttabs", "two lines and tabs"),
        ("a\x0bb\x1cc\x85d", "a b c d"),
        ("\u202eevil\u2066", "evil"),
        ("\ud800lone", "lone"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner needed in Persian stays
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\n@x"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert spreadsheet_cell(text).startswith("'")


def test_other_cells_stay_unchanged() -> None:
    assert spreadsheet_cell("a=1") == "a=1"


@given(st.text())
def test_any_text_is_valid_xml(text: str) -> None:
    element = ET.fromstring(f'<a b="{xml_text(text)}">{xml_text(text)}</a>')
    assert (element.text or "") == one_line(text)
    assert element.get("b") == one_line(text)
