import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.file_name import content_disposition, document_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Weekly meeting", "Weekly meeting-transcript.pdf"),
        ("../../etc/passwd", "etc passwd-transcript.pdf"),
        ("a\r\nX-Evil: 1", "a X-Evil 1-transcript.pdf"),
        ("CON", "recording-transcript.pdf"),
        ("..", "recording-transcript.pdf"),
        ("", "recording-transcript.pdf"),
        ("\u202efdp.exe", "fdp.exe-transcript.pdf"),
        ("会议 记录", "会议 记录-transcript.pdf"),
    ],
)
def test_names_are_safe_and_readable(title: str, name: str) -> None:
    assert document_name(title, "pdf") == name


@given(st.text(max_size=400))
def test_any_title_gives_a_name_that_file_systems_and_headers_take(title: str) -> None:
    name = document_name(title, "docx")
    assert len(name.encode()) < 200
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|;]', name)
    assert name.endswith("-transcript.docx")
    header = content_disposition(name)
    assert header.isascii()
    assert "\n" not in header
    assert "\r" not in header
    plain = re.search(r'filename="([^"]*)"', header)
    assert plain
    assert plain.group(1).endswith(".docx")
    assert unquote(header.rsplit("''", 1)[1]) == name


def test_the_plain_name_loses_only_what_ascii_lacks() -> None:
    header = content_disposition("Réunion été-transcript.pdf")
    assert 'filename="Reunion ete-transcript.pdf"' in header


def test_a_name_without_ascii_still_has_a_plain_one() -> None:
    assert 'filename="transcript.pdf"' in content_disposition("会议-transcript.pdf")
