"""Names and text of any characters keep the structure of every format for programs."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from opentimelineio import adapters
from praatio import textgrid

from exporter.document import Document
from exporter.safe_text import one_line
from tests.unit.exporter.documents import document, segment
from tests.unit.exporter.rendering import rendered

_TRICKY = st.text(
    st.sampled_from("\"'<>&|;:#{}[]()\\=+-@ \t\n\r\0\u202e\u2028\x85ab1"), max_size=12
)
_TEXT = st.text(max_size=12) | _TRICKY


@given(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT)
@settings(max_examples=60, deadline=None)
def test_structure_is_kept(first: str, second: str, one: str, two: str, title: str) -> None:
    made = document(
        [segment(0, "x", one, 0, 2), segment(1, "y", two, 1, 3), segment(2, "x", "end", 4, 5)],
        names={"x": first, "y": second},
        filename=f"{title}.mp3",
    )
    said = [one_line(text) for text in (one, two, "end") if one_line(text)]
    assert _xml(made, "eaf", ".//ANNOTATION_VALUE/text()") == sorted(said)
    assert len(_xml(made, "fcpxml", ".//marker/@value")) == len(said)
    assert _intervals(made) == sorted(said)
    assert _locators(made) == len(said)
    assert [len(line.split(" ", 5)) for line in _lines(made, "stm")] == [6] * len(said)
    words = " ".join(said).split()
    assert sorted(line.split(" ")[4] for line in _lines(made, "ctm")) == sorted(words)
    text = rendered(made, "nvivo").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    assert [len(row) for row in rows] == [3] * (1 + len(said))
    shown = "".join(_xml(made, "ttml", ".//*[local-name()='p']//text()"))
    assert sorted("".join(shown.split())) == sorted("".join(words))
    paragraphs = rendered(made, "maxqda").decode().split("\n\n")[:-1]
    assert all(paragraph.startswith("#00:00:0") for paragraph in paragraphs)
    assert not any("\n" in paragraph for paragraph in paragraphs)


def _xml(made: Document, name: str, path: str) -> list[str]:
    found = etree.fromstring(rendered(made, name)).xpath(path)
    assert isinstance(found, list)
    return sorted(map(str, found))


def _lines(made: Document, name: str) -> list[str]:
    return rendered(made, name).decode().split("\n")[:-1]


def _intervals(made: Document) -> list[str]:
    with tempfile.NamedTemporaryFile(suffix=".TextGrid") as file:
        Path(file.name).write_bytes(rendered(made, "textgrid"))
        found = textgrid.openTextgrid(file.name, includeEmptyIntervals=False)
    return sorted(entry.label for tier in found.tiers for entry in tier.entries)


def _locators(made: Document) -> int:
    found = adapters.read_from_string(rendered(made, "edl").decode(), "cmx_3600", rate=25)
    return sum(len(clip.markers) for clip in found.find_clips())
