from pathlib import Path

import pytest

from common.errors import ExportError
from exporter.options import ExportOptions
from exporter.pdf.fonts import font_directories
from exporter.pdf.jobs import join_parts, run_job, typeset_part
from exporter.pdf.pages import parts
from tests.unit.exporter.documents import meeting


def test_a_part_is_typeset_and_its_pages_counted(tmp_path: Path) -> None:
    (part,) = parts(meeting(), ExportOptions())
    output = tmp_path / "part.pdf"
    assert typeset_part(part, font_directories(), output) == 1
    assert output.read_bytes().startswith(b"%PDF")
    assert join_parts([output, output], "Twice", tmp_path / "twice.pdf") == 2


def test_a_failed_job_does_not_quote_the_transcript(tmp_path: Path) -> None:
    (part,) = parts(meeting(), ExportOptions())
    del part["turns"]
    with pytest.raises(ExportError) as caught:
        typeset_part(part, font_directories(), tmp_path / "part.pdf")
    assert caught.value.message == "Typesetting failed."
    assert str(caught.value.__cause__) == "TypstError"


def test_a_job_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(ExportError, match="too long"):
        run_job({"kind": "join", "parts": [], "title": "", "output": ""}, timeout=0.001)


def test_an_unknown_job_is_an_error() -> None:
    with pytest.raises(ExportError):
        run_job({"kind": "dance"})
