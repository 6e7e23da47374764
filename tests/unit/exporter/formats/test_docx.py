import io
import zipfile
from xml.etree import ElementTree as ET

import docx
import pytest
from docx.document import Document as WordDocument

from exporter.document import Document
from exporter.docx.package import WORD
from exporter.formats.docx import render
from exporter.options import ExportOptions
from tests.unit.exporter.documents import HOSTILE_TEXT, SCRIPTS, hostile, in_script, meeting
from tests.unit.exporter.tracked_documents import EARLIER, LATER, tracked

_W = f"{{{WORD}}}"


def read(document: Document, **options: bool) -> WordDocument:
    return docx.Document(io.BytesIO(b"".join(render(document, ExportOptions(**options)))))


def texts(read_back: WordDocument) -> list[str]:
    return [paragraph.text for paragraph in read_back.paragraphs]


def test_the_conversation_can_be_read_back() -> None:
    found = texts(read(meeting()))
    assert found[0] == "Weekly meeting"
    begin = found.index("Conversation")
    assert found[begin + 1 :] == [
        "Anna Müller  0:00:00",
        "Good morning everybody. Shall we begin with the budget?",
        "Ben Ode  0:00:05",
        "Yes, we decided to cut travel by ten percent. I'll send the new figures by Friday.",
        "Anna Müller  0:00:12",
        "Thank you, that helps a lot.",
    ]


def test_styles_form_an_outline() -> None:
    styles = {one.text: one.style.name for one in read(meeting()).paragraphs if one.style}
    assert styles["Weekly meeting"] == "Title"
    assert styles["Conversation"] == "Heading 1"
    assert read(meeting()).core_properties.title == "Weekly meeting"


def test_options_add_their_parts() -> None:
    found = read(meeting(), meeting_summary=True, action_items=True, speaker_stats=True)
    lines = texts(found)
    assert "Ben Ode: We decided to cut travel by ten percent. [0:00:05]" in lines
    assert "I'll send the new figures by Friday. — Ben Ode, by Friday [0:00:09]" in lines
    assert "The language model could not be used." in lines
    cells = [[cell.text for cell in row.cells] for row in found.tables[0].rows]
    assert [row[0] for row in cells] == ["Speaker", "Anna Müller", "Ben Ode"]
    assert cells[1][4] == "15"


def test_timestamps_and_confidence_are_per_segment() -> None:
    lines = texts(read(meeting(), timestamps=True, confidence=True))
    assert "00:00:02.500 – 00:00:05.000 · 70 %  Shall we begin with the budget?" in lines


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script(language: str) -> None:
    found = read(in_script(language))
    said = next(one for one in found.paragraphs if SCRIPTS[language][1] in one.text)
    leftward = said._p.find(f"{{{WORD}}}pPr/{{{WORD}}}bidi") is not None
    assert leftward == (language in {"ar", "he"})


def test_hostile_text_is_escaped_and_the_package_valid() -> None:
    data = b"".join(render(hostile(), ExportOptions()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "[Content_Types].xml"
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
    lines = texts(read(hostile()))
    assert any("<script>" in line and "]]>" in line for line in lines)
    assert HOSTILE_TEXT[:30] in next(line for line in lines if line.startswith("@SUM"))


def resolved(keep: str, drop: str) -> list[str]:
    """Return the paragraphs of the conversation with one kind of changes kept, the other not."""
    with zipfile.ZipFile(io.BytesIO(b"".join(render(tracked(), ExportOptions())))) as archive:
        body = ET.fromstring(archive.read("word/document.xml"))[0]
    found = []
    for paragraph in body.iter(f"{_W}p"):
        if paragraph.find(f"{_W}pPr/{_W}rPr/{_W}{drop}") is not None:
            continue
        text = ""
        for child in paragraph:
            if child.tag in {f"{_W}r", f"{_W}{keep}"}:
                text += "".join(
                    part.text or ""
                    for part in child.iter()
                    if part.tag in {f"{_W}t", f"{_W}delText"}
                )
        found.append(text)
    return found[found.index("Conversation") + 2 :]


def test_accepted_and_rejected_changes_give_both_revisions() -> None:
    accepted, rejected = resolved("ins", "del"), resolved("del", "ins")
    assert accepted[:2] == ["Anna  0:00:00", " ".join(text for _, text in LATER[:2])]
    assert accepted[2:] == [
        "Ben  0:00:05",
        LATER[2][1],
        "Ben  0:00:12",
        LATER[3][1],
        "Ben  0:00:15",
        LATER[4][1],
    ]
    assert rejected[1::2] == [
        " ".join(text for _, text in EARLIER[:2]),
        *(text for _, text in EARLIER[2:]),
    ]
    assert [line.partition("  ")[0] for line in rejected[::2]] == ["Anna", "Anna", "Ben", "Ben"]


def test_revision_marks_are_numbered_and_have_author_and_time() -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(render(tracked(), ExportOptions())))) as archive:
        body = ET.fromstring(archive.read("word/document.xml"))[0]
    marks = [one for one in body.iter() if one.tag in {f"{_W}ins", f"{_W}del"}]
    numbers = [int(one.attrib[f"{_W}id"]) for one in marks]
    assert len(set(numbers)) == len(numbers) > 6
    assert {one.attrib[f"{_W}author"] for one in marks} == {"Editor"}
    assert marks[0].attrib[f"{_W}date"] == "2026-11-02T02:00:00Z"
    for one in marks:
        tags = {part.tag for part in one.iter()}
        assert (f"{_W}t" if one.tag == f"{_W}del" else f"{_W}delText") not in tags


def test_tracked_document_is_read_by_others() -> None:
    lines = texts(read(tracked(), timestamps=True, confidence=True))
    assert "Changes from revision 1 to revision 4 are marked." in lines
    assert any("00:00:12.500 – 00:00:15.000 · 90 %" in line for line in lines)
