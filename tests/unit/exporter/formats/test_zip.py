import io
import zipfile

from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from tests.unit.exporter.documents import hostile, meeting
from tests.unit.exporter.tracked_documents import tracked


def test_the_archive_contains_every_other_format() -> None:
    options = ExportOptions(speaker_stats=True)
    data = b"".join(FORMATS["zip"].render(meeting(), options))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(
            f"Weekly meeting-transcript.{one.extension}"
            for one in FORMATS.values()
            if one.name != "zip"
        )
        for name in sorted(set(FORMATS) - {"zip", "pdf", "docx"}):
            alone = b"".join(FORMATS[name].render(meeting(), options))
            extension = FORMATS[name].extension
            assert archive.read(f"Weekly meeting-transcript.{extension}") == alone
        assert archive.read("Weekly meeting-transcript.pdf").startswith(b"%PDF")


def test_member_names_have_no_directories() -> None:
    data = b"".join(FORMATS["zip"].render(hostile(), ExportOptions()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any("/" in name or "\\" in name or ".." in name for name in archive.namelist())


def test_changes_are_tracked_in_the_formats_that_can() -> None:
    data = b"".join(FORMATS["zip"].render(tracked(), ExportOptions()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {
            name.partition("transcript.")[2]: archive.read(name) for name in archive.namelist()
        }
    assert b"{~~morning~>evening,~~}" in members["md"]
    with zipfile.ZipFile(io.BytesIO(members["docx"])) as document:
        assert b"<w:del " in document.read("word/document.xml")
    assert b"Good evening, everybody." in members["txt"]
    assert b"morning" not in members["txt"]
