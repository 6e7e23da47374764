"""Content of PDF documents according to two readers, pypdf and PDFium."""

import io
import re
from contextlib import closing
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

from common.errors import ExportError
from exporter.document import Document, NameSource
from exporter.formats.pdf import render
from exporter.options import ExportOptions
from exporter.pdf import fonts, pages
from tests.unit.exporter.documents import (
    SCRIPTS,
    document,
    hostile,
    in_script,
    long_meeting,
    meeting,
    segment,
)


def made(source: Document, **options: bool) -> bytes:
    return b"".join(render(source, ExportOptions(**options)))


def reader(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def text(data: bytes) -> str:
    """Return the text of all pages according to pypdf, on one line."""
    return " ".join(" ".join(page.extract_text() for page in reader(data).pages).split())


def pdfium(data: bytes) -> str:
    """Return the text of all pages according to PDFium, on one line without direction marks."""
    with closing(pypdfium2.PdfDocument(data)) as source:
        found = " ".join(page.get_textpage().get_text_bounded() for page in source)
    return " ".join(re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", found).split())


def outline(data: bytes) -> list[tuple[int, str, int]]:
    """Return the depth, the title and the page (from 0) of each entry."""
    source = reader(data)

    def walk(entries: list[Any], depth: int) -> list[tuple[int, str, int]]:
        found: list[tuple[int, str, int]] = []
        for entry in entries:
            if isinstance(entry, list):
                found += walk(entry, depth + 1)
            else:
                page = source.get_destination_page_number(entry)
                assert page is not None
                found.append((depth, str(entry.title), page))
        return found

    return walk(source.outline, 0)


def test_the_conversation_can_be_read_back() -> None:
    shown = text(made(meeting()))
    places = [shown.index(one.text) for one in meeting().segments]
    assert places == sorted(places)
    assert shown.startswith("Weekly meeting Recording Weekly meeting.mp3 Length 15 s")
    assert re.search(r"Anna Müller 0:00:00 Good morning", shown)
    assert re.search(r"Ben Ode 0:00:05 Yes, we", shown)


def test_each_option_adds_only_its_part() -> None:
    plain = text(made(meeting()))
    assert not any(part in plain for part in ("Summary", "Action items", "Statistics", "70 %"))
    full = text(
        made(
            meeting(),
            meeting_summary=True,
            action_items=True,
            speaker_stats=True,
            timestamps=True,
            confidence=True,
        )
    )
    assert "Ben Ode: We decided to cut travel by ten percent. 0:00:05" in full
    assert "without a language model" in full
    assert "by Friday" in full
    assert "Longest turn" in full
    assert "00:00:02.500 – 00:00:05.000 · 70 %" in full
    assert "The language model could not be used." in full


def test_suggested_names_and_warnings_are_shown() -> None:
    source = meeting()
    first = replace(source.speakers[0], source=NameSource.SUGGESTED)
    source = replace(
        source, speakers=(first, source.speakers[1]), warnings=("Speakers may be mixed up.",)
    )
    shown = text(made(source))
    assert "Anna Müller (recognized, not confirmed)" in shown
    assert "Speakers may be mixed up." in shown


def test_the_outline_points_to_the_parts() -> None:
    entries = outline(made(meeting(), meeting_summary=True, speaker_stats=True))
    assert [title for _, title, _ in entries] == [
        "Participants",
        "Summary",
        "Statistics",
        "Conversation",
    ]


def test_cited_times_are_links_into_the_conversation() -> None:
    page = reader(made(meeting(), meeting_summary=True)).pages[0]
    kinds = [one.get_object()["/Subtype"] for one in page["/Annots"]]  # type: ignore[attr-defined]
    assert kinds == ["/Link"]


def test_pages_are_numbered() -> None:
    source = document(
        [
            segment(place, f"s{place % 2}", "Word. " * 40, place * 9, place * 9 + 9)
            for place in range(60)
        ]
    )
    found = reader(made(source))
    total = len(found.pages)
    assert total > 3
    for number, page in enumerate(found.pages, start=1):
        assert page.extract_text().rstrip().endswith(f"{number} / {total}")


def test_short_documents_are_tagged_and_titled() -> None:
    found = reader(made(meeting()))
    assert found.metadata
    assert found.metadata.title == "Weekly meeting"
    assert "/StructTreeRoot" in found.trailer["/Root"]  # type: ignore[operator]


@pytest.mark.parametrize("language", SCRIPTS)
def test_fonts_are_embedded_subsets(language: str) -> None:
    found = reader(made(in_script(language)))
    names: set[str] = set()
    for page in found.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            names.add(descriptor["/FontName"].split("+")[1])
    expected = {
        "ar": "Amiri", "he": "NotoSansHebrew", "zh": "NotoSansCJKsc", "ja": "NotoSansCJKjp",
        "ko": "NotoSansCJKkr", "th": "NotoSansThai",
    }.get(language, "NotoSans")  # fmt: skip
    assert any(name.startswith(expected) for name in names)


@pytest.mark.parametrize("language", SCRIPTS)
def test_text_of_every_script_can_be_copied(language: str) -> None:
    name, sentence = SCRIPTS[language]
    compact = "".join(pdfium(made(in_script(language))).split())
    assert compact.count("".join(sentence.split())) == 3
    assert "".join(name.split()) in compact


def test_directions_can_be_mixed() -> None:
    said = "אנחנו צריכים לסיים עם Anna"
    shown = pdfium(made(document([segment(0, "a", said, 0, 4)], names={"a": "דנה"})))
    assert "Anna" in shown
    assert "אנחנו צריכים לסיים עם" in shown


def test_both_readers_agree() -> None:
    data = made(meeting())
    for one in meeting().segments:
        assert one.text in pdfium(data)


def test_hostile_text_is_not_interpreted() -> None:
    data = made(hostile())
    shown = "".join(text(data).split())
    assert '<script>alert("1")</script>' in shown
    assert "#setpage()" in shown
    assert "$x$" in shown
    found = reader(data)
    root = found.trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(root)  # type: ignore[call-overload]
    assert not any("/JavaScript" in str(one.get_object()) for one in found.pages)
    assert not any("/Annots" in page for page in found.pages)


def test_characters_without_a_font_are_noted() -> None:
    shown = text(made(document([segment(0, "a", "Tbilisi is თბილისი.", 0, 3)])))
    assert "Some characters (Georgian) have no font in this document" in shown


def test_long_transcripts_are_typeset_in_parts_and_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PART_SIZE", 10_000)
    source = long_meeting(6_000)
    data = made(source, speaker_stats=True)
    found = reader(data)

    texts = [page.extract_text() for page in found.pages]
    shown = "".join("".join(texts).split())
    position = 0
    for one in source.segments:
        position = shown.index("".join(one.text.split()), position)
    for number, page_text in enumerate(texts, start=1):
        assert page_text.rstrip().endswith(f"Weekly meeting {number}")
    assert found.metadata
    assert found.metadata.title == "Weekly meeting"

    entries = outline(data)
    chapters = [title for depth, title, _ in entries if depth == 0]
    assert chapters == ["Participants", "Statistics", "Conversation"]
    marks = [(title, page) for depth, title, page in entries if depth == 1]
    minutes = int(source.audio.duration // 600)
    assert [title for title, _ in marks] == [
        f"{minute // 60}:{minute % 60:02}:00" for minute in range(0, minutes * 10 + 1, 10)
    ]
    assert [page for _, page in marks] == sorted(page for _, page in marks)
    for title, place in marks:
        assert title in texts[place]


def test_a_missing_font_is_an_error_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_FILES", (("no_such_font_package", "x.ttf"),))
    with pytest.raises(ExportError, match="no_such_font_package"):
        made(meeting())
