import pytest

from common.errors import ValidationError
from exporter.document import Document
from exporter.formats.catalogue import FORMATS, format_named
from exporter.options import ExportOptions, Option
from tests.unit.exporter.documents import document, meeting

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
    "rttm": "text/plain; charset=utf-8",
    "zip": "application/zip",
}
# PDF and ZIP bear the moment they were made in; what their options do is tested with them.
COMPARABLE = sorted(set(FORMATS) - {"pdf", "zip"})


def made(name: str, document: Document, options: ExportOptions) -> bytes:
    return b"".join(FORMATS[name].render(document, options))


def test_each_format_has_its_media_type() -> None:
    assert {name: one.media_type for name, one in FORMATS.items()} == MEDIA_TYPES
    assert all(one.extension == name for name, one in FORMATS.items())


def test_formats_are_found_by_name() -> None:
    assert format_named(" PDF ").name == "pdf"
    with pytest.raises(ValidationError) as caught:
        format_named("exe")
    assert caught.value.details == {"field": "export_format"}


@pytest.mark.parametrize("name", COMPARABLE)
@pytest.mark.parametrize("option", Option)
def test_an_option_makes_a_difference_where_it_is_listed_and_nowhere_else(
    name: str, option: Option
) -> None:
    with_it = made(name, meeting(), ExportOptions.of([option]))
    without = made(name, meeting(), ExportOptions())
    assert (with_it != without) == (option in FORMATS[name].options)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_transcript_is_a_document(name: str) -> None:
    everything = ExportOptions.of(Option)
    assert isinstance(made(name, document([]), everything), bytes)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"zip", "pdf", "docx"}))
def test_assigned_names_appear(name: str) -> None:
    text = made(name, meeting(), ExportOptions()).decode()
    assert "Ben Ode" in text or "Ben_Ode" in text
    assert "Speaker_2" not in text or name == "json"
