import pytest

from exporter.document import AudioFacts, Document
from tests.unit.exporter.documents import document, segment


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


def test_segments_are_found_by_their_number() -> None:
    made = document([segment(4, "a", "Hi.", 0, 1), segment(9, "b", "Oh.", 1, 2)])
    assert made.segments_by_index[9].text == "Oh."
    assert set(made.segments_by_index) == {4, 9}


def test_a_segment_that_ends_before_it_begins_has_no_length() -> None:
    assert segment(0, "a", "Hi.", 2, 1).duration == 0.0
