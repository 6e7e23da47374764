import pytest

from common.export_formats import FORMAT_VALUES, OPTION_VALUES
from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions, Option
from tests.unit.exporter.documents import document, meeting

# PDF and ZIP contain their time of creation. Their own tests cover the effect of options.
COMPARABLE = sorted(set(FORMATS) - {"pdf", "zip"})


def made(name: str, document: Document, options: ExportOptions) -> bytes:
    return b"".join(FORMATS[name].render(document, options))


def test_the_catalog_has_every_format_of_the_contract() -> None:
    assert set(FORMATS) == set(FORMAT_VALUES)
    assert set(Option) == set(OPTION_VALUES)


@pytest.mark.parametrize("name", COMPARABLE)
@pytest.mark.parametrize("option", Option)
def test_only_listed_options_have_an_effect(name: str, option: Option) -> None:
    with_it = made(name, meeting(), ExportOptions.of([option]))
    without = made(name, meeting(), ExportOptions())
    assert (with_it != without) == (option in FORMATS[name].options)


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_transcript_is_a_document(name: str) -> None:
    everything = ExportOptions.of(Option)
    assert isinstance(made(name, document([]), everything), bytes)


# A CTM file has no speakers.
@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"zip", "pdf", "docx", "ctm"}))
def test_assigned_names_appear(name: str) -> None:
    text = made(name, meeting(), ExportOptions()).decode()
    assert "Ben Ode" in text or "Ben_Ode" in text
    assert "Speaker_2" not in text or name == "json"
