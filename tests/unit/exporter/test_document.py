import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.document import AudioFacts, Document
from tests.unit.exporter.documents import document, meeting, segment


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("meeting.mp3", "meeting"),
        ("v1.2 final.flac", "v1.2 final"),
        ("no extension", "no extension"),
        (".hidden", ".hidden"),
        ("Dr. Smith speaks", "Dr. Smith speaks"),
        ("", "Transcript 7"),
    ],
)
def test_title_is_the_file_name_without_its_extension(filename: str, title: str) -> None:
    made = Document(
        transcription_id=7,
        audio=AudioFacts(filename=filename, duration=0.0),
        speakers=(),
        segments=(),
    )
    assert made.title == title


def test_segments_are_found_by_their_index() -> None:
    made = document([segment(4, "a", "Hi.", 0, 1), segment(9, "b", "Oh.", 1, 2)])
    assert made.segments_by_index[9].text == "Oh."
    assert set(made.segments_by_index) == {4, 9}


def test_a_segment_that_ends_before_it_begins_has_no_duration() -> None:
    assert segment(0, "a", "Hi.", 2, 1).duration == 0.0


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Weekly meeting", "Weekly meeting-transcript.pdf"),
        ("../../etc/passwd", "etc passwd-transcript.pdf"),
        ("a\r\nX-Evil: 1", "a X-Evil 1-transcript.pdf"),
        ("CON", "recording-transcript.pdf"),
        ("..", "recording-transcript.pdf"),
        ("", "Transcript 7-transcript.pdf"),
        ("\u202efdp.exe", "fdp.exe-transcript.pdf"),
        ("会议 记录", "会议 记录-transcript.pdf"),
    ],
)
def test_file_names_are_safe_and_readable(title: str, name: str) -> None:
    filename = f"{title}.mp3" if title else ""
    assert document([], filename=filename).file_name("pdf") == name


@given(st.text(max_size=400))
def test_any_recording_has_a_file_name_for_its_document(filename: str) -> None:
    made = meeting()
    name = replace(made, audio=replace(made.audio, filename=filename)).file_name("docx")
    assert len(name.encode()) < 200
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|;]', name)
    assert name.endswith("-transcript.docx")
