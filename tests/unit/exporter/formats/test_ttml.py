"""TTML read back by lxml and checked against the rules of the recommendation."""

from pathlib import Path

import pytest
from lxml import etree
from pysubs2 import SSAFile

from exporter.document import Document
from tests.unit.exporter.documents import SCRIPTS, call, document, hostile, in_script, meeting
from tests.unit.exporter.rendering import rendered

SCHEMA = etree.RelaxNG(file=str(Path(__file__).with_name("schemas") / "ttml.rng"))
SPACES = {
    "tt": "http://www.w3.org/ns/ttml",
    "ttm": "http://www.w3.org/ns/ttml#metadata",
    "tts": "http://www.w3.org/ns/ttml#styling",
}
AGENT = f"{{{SPACES['ttm']}}}agent"


def read(made: Document, **options: bool) -> etree._Element:
    root = etree.fromstring(rendered(made, "ttml", **options))
    SCHEMA.assertValid(root)
    return root


def agents(root: etree._Element) -> dict[str, str]:
    """Return the names of the agents by their identifiers."""
    return {
        str(agent.get("{http://www.w3.org/XML/1998/namespace}id")): agent.findtext(
            "ttm:name", "", SPACES
        )
        for agent in root.iterfind(".//ttm:agent", SPACES)
    }


def paragraphs(root: etree._Element) -> list[tuple[str, str, str, str]]:
    """Return start, end, name and text of each cue."""
    names = agents(root)
    return [
        (
            str(one.get("begin")),
            str(one.get("end")),
            names[str(one.get(AGENT))],
            " ".join(map(str, one.itertext())),
        )
        for one in root.iterfind(".//tt:p", SPACES)
    ]


def test_cues_are_read_back() -> None:
    root = read(meeting())
    assert root.findtext(".//ttm:title", "", SPACES) == "Weekly meeting"
    found = paragraphs(root)
    assert [one[3] for one in found] == [one.text for one in meeting().segments]
    assert found[3][:3] == ("00:00:09.500", "00:00:12.000", "Ben Ode")


def test_players_find_the_cues() -> None:
    found = SSAFile.from_string(rendered(meeting(), "ttml").decode(), format_="ttml")
    assert [(cue.start, cue.end) for cue in found][3] == (9500, 12000)
    assert [cue.plaintext.replace("\n", " ") for cue in found] == [
        one.text for one in meeting().segments
    ]


def test_speakers_who_talk_at_once_are_shown_together() -> None:
    at_once = {
        name for start, end, name, _ in paragraphs(read(call())) if start <= "00:00:02.500" < end
    }
    assert at_once == {"Anna", "Ben"}


def test_words_appear_from_the_start_of_their_cue() -> None:
    cue = read(meeting(), words=True).findall(".//tt:p", SPACES)[3]
    spans = cue.findall("tt:span", SPACES)
    assert "".join(map(str, cue.itertext())) == "I'll send the new figures by Friday."
    assert [span.get("begin") for span in spans][:2] == ["00:00:00.000", "00:00:00.357"]


@pytest.mark.parametrize("words", [False, True])
def test_hostile_text_is_only_text(*, words: bool) -> None:
    root = read(hostile(), words=words)
    said = "".join(text for _, _, _, text in paragraphs(root))
    assert '<script>alert("1")</script>' in " ".join(said.split())
    assert any("<b>Eve</b>" in name for name in agents(root).values())


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(language: str) -> None:
    root = read(in_script(language))
    said = "".join(text for _, _, _, text in paragraphs(root))
    assert "".join(said.split()) == "".join(SCRIPTS[language][1].split()) * 3
    direction = f"{{{SPACES['tts']}}}direction"
    found = {one.get(direction) for one in root.iterfind(".//tt:p", SPACES)}
    assert found == ({"rtl"} if language in {"ar", "he"} else {None})


def test_an_empty_transcript_is_valid() -> None:
    assert paragraphs(read(document([]))) == []
