import json

import pytest

from exporter.options import ExportOptions
from exporter.pdf import pages
from tests.unit.exporter.documents import (
    SCRIPTS,
    document,
    in_script,
    long_meeting,
    meeting,
    segment,
)


def test_a_short_transcript_is_one_part() -> None:
    (part,) = pages.parts(meeting(), ExportOptions())
    assert part["only_part"]
    assert part["front"]["title"]["text"] == "Weekly meeting"
    assert [turn["name"]["text"] for turn in part["turns"]] == [
        "Anna Müller",
        "Ben Ode",
        "Anna Müller",
    ]
    json.dumps(part)


def test_every_turn_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PART_SIZE", 5_000)
    source = long_meeting(5_000)
    made = list(pages.parts(source, ExportOptions()))
    assert len(made) > 3
    assert [part["front"] is not None for part in made] == [True] + [False] * (len(made) - 1)
    assert not any(part["only_part"] for part in made)
    spoken = [
        one["piece"]["text"] for part in made for turn in part["turns"] for one in turn["spoken"]
    ]
    assert " ".join(spoken) == " ".join(one.text for one in source.segments)


def test_links_have_targets_in_the_same_part() -> None:
    (part,) = pages.parts(meeting(), ExportOptions(meeting_summary=True))
    assert part["front"]["summary"]["entries"][0]["times"] == [
        {"text": "0:00:05", "target": "segment-2"}
    ]
    targets = [t for turn in part["turns"] for one in turn["spoken"] for t in one["targets"]]
    assert "segment-2" in targets


@pytest.mark.parametrize("language", SCRIPTS)
def test_pieces_have_direction_language_and_fonts(language: str) -> None:
    (part,) = pages.parts(in_script(language), ExportOptions())
    piece = part["turns"][0]["spoken"][0]["piece"]
    assert piece["dir"] == ("rtl" if language in {"ar", "he"} else "ltr")
    assert piece["lang"] == language
    assert ("families" in piece) == (language in {"zh", "ja", "ko"})
    assert (piece["scale"] > 1) == (language == "ar")


def test_invalid_language_codes_are_dropped() -> None:
    source = document([segment(0, "a", "Hi.", 0, 1, language='en")#panic()')], language="x-klingon")
    (part,) = pages.parts(source, ExportOptions())
    assert part["lang"] == "en"
    assert part["turns"][0]["spoken"][0]["piece"]["lang"] == ""


def test_segments_without_a_speaker_are_unknown() -> None:
    (part,) = pages.parts(document([segment(0, "", "Hi.", 0, 1)]), ExportOptions())
    assert part["turns"][0]["name"]["text"] == "Unknown"
