import csv
import io

from exporter.document import Document
from exporter.formats.csv import render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import hostile, meeting


def rows(document: Document, options: ExportOptions | None = None) -> list[dict[str, str]]:
    data = b"".join(render(document, options or ExportOptions()))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_transcript_can_be_read_back() -> None:
    document = meeting()
    read = rows(document)
    assert [row["text"] for row in read] == [one.text for one in document.segments]
    assert [row["speaker"] for row in read] == ["Anna Müller"] * 2 + ["Ben Ode"] * 2 + [
        "Anna Müller"
    ]
    assert [float(row["start_time"]) for row in read] == [one.start for one in document.segments]
    assert [float(row["end_time"]) for row in read] == [one.end for one in document.segments]
    assert [int(row["index"]) for row in read] == [0, 1, 2, 3, 4]


def test_a_byte_order_mark_declares_the_encoding() -> None:
    assert b"".join(render(meeting(), ExportOptions())).startswith(b"\xef\xbb\xbf")


def test_options_add_columns() -> None:
    plain = rows(meeting())[1]
    full = rows(meeting(), ExportOptions(timestamps=True, confidence=True))[1]
    assert set(full) - set(plain) == {"start_clock", "end_clock", "confidence"}
    assert (full["start_clock"], full["end_clock"]) == ("00:00:02.500", "00:00:05.000")
    assert float(full["confidence"]) == 0.7


def test_no_cell_is_a_formula() -> None:
    read = rows(hostile(), ExportOptions(timestamps=True, confidence=True))
    assert len(read) == 2
    for row in read:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert read[1]["speaker"] == "'-2+3"
    assert read[0]["text"].startswith("'@SUM(A1) <script>")
    assert "\x00" not in read[0]["speaker"]
