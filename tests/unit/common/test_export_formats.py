"""Names and media types derived from the export contract."""

import re

import pytest

from common.export_formats import CONTENT_TYPES, EXTENSIONS, FORMAT_VALUES, OPTION_VALUES
from securetranscribe.v1 import export_pb2


def test_values_have_the_names_of_the_json_api() -> None:
    assert FORMAT_VALUES["pdf"] == export_pb2.EXPORT_FORMAT_PDF
    assert OPTION_VALUES["meeting_summary"] == export_pb2.EXPORT_OPTION_MEETING_SUMMARY


@pytest.mark.parametrize(
    ("names", "enum"),
    [(FORMAT_VALUES, export_pb2.ExportFormat), (OPTION_VALUES, export_pb2.ExportOption)],
)
def test_only_the_default_value_is_unnamed(
    names: dict[str, int], enum: type[export_pb2.ExportFormat]
) -> None:
    assert set(enum.values()) - set(names.values()) == {0}


@pytest.mark.parametrize("name", FORMAT_VALUES)
def test_every_format_has_a_media_type(name: str) -> None:
    assert re.fullmatch(r"[a-z]+/[a-z.+-]+(; charset=utf-8)?", CONTENT_TYPES[name])


def test_text_declares_its_encoding() -> None:
    texts = [value for value in CONTENT_TYPES.values() if value.startswith("text/")]
    assert texts
    assert all(value.endswith("; charset=utf-8") for value in texts)


def test_every_format_has_an_extension_of_its_own() -> None:
    assert set(EXTENSIONS) == set(FORMAT_VALUES)
    assert len({extension.lower() for extension in EXTENSIONS.values()}) == len(EXTENSIONS)
    assert EXTENSIONS["pdf"] == "pdf"
    assert EXTENSIONS["textgrid"] == "TextGrid"
