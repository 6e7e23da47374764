"""EAF read back by pympi and checked against the rules of its schema."""

from pathlib import Path

import pytest
from lxml import etree
from pympi.Elan import Eaf

from exporter.document import Document
from tests.unit.exporter.documents import (
    SCRIPTS,
    call,
    document,
    hostile,
    in_script,
    meeting,
    segment,
)
from tests.unit.exporter.rendering import rendered

SCHEMA = etree.XMLSchema(file=str(Path(__file__).with_name("schemas") / "eaf.xsd"))


def read(path: Path, made: Document, **options: bool) -> Eaf:
    """Return the document as pympi reads it, after a check against the schema."""
    file = path / "made.eaf"
    file.write_bytes(rendered(made, "eaf", **options))
    SCHEMA.assertValid(etree.parse(str(file)))
    return Eaf(str(file))


def test_every_speaker_has_a_tier(tmp_path: Path) -> None:
    found = read(tmp_path, meeting())
    assert list(found.get_tier_names()) == ["Anna Müller", "Ben Ode"]
    assert sorted(found.get_annotation_data_for_tier("Ben Ode")) == [
        (5500, 9000, "Yes, we decided to cut travel by ten percent."),
        (9500, 12000, "I'll send the new figures by Friday."),
    ]
    (media,) = found.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "./Weekly%20meeting.mp3"
    assert media["MIME_TYPE"] == "audio/mpeg"


def test_words_are_in_tiers_below_those_of_speakers(tmp_path: Path) -> None:
    found = read(tmp_path, meeting(), words=True)
    assert list(found.get_child_tiers_for("Ben Ode")) == ["Ben Ode - words"]
    words = sorted(found.get_annotation_data_for_tier("Ben Ode - words"))
    said = [text for _, _, text in words]
    assert said == " ".join(one.text for one in meeting().segments[2:4]).split()
    passages = found.get_annotation_data_for_tier("Ben Ode")
    assert all(
        any(first <= start < end <= last for first, last, _ in passages) for start, end, _ in words
    )


def test_speakers_who_talk_at_once_overlap(tmp_path: Path) -> None:
    found = read(tmp_path, call())
    assert found.get_annotation_data_at_time("Anna", 2500)
    assert found.get_annotation_data_at_time("Ben", 2500)


@pytest.mark.parametrize("words", [False, True])
def test_hostile_text_is_only_text(tmp_path: Path, *, words: bool) -> None:
    found = read(tmp_path, hostile(), words=words)
    assert len(list(found.get_tier_names())) == (4 if words else 2)
    name = next(iter(found.get_tier_names()))
    ((_, _, said),) = found.get_annotation_data_for_tier(name)
    assert '<script>alert("1")</script> & -->' in said
    (media,) = found.get_linked_files()
    assert media["RELATIVE_MEDIA_URL"].count("/") == 1


@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_is_read_back(tmp_path: Path, language: str) -> None:
    name, sentence = SCRIPTS[language]
    found = read(tmp_path, in_script(language), words=True)
    assert [one[2] for one in found.get_annotation_data_for_tier(name)] == [sentence] * 3


def test_equal_names_have_tiers_apart(tmp_path: Path) -> None:
    made = document(
        [segment(0, "x", "one", 0, 1), segment(1, "y", "two", 0, 1)],
        names={"x": "Ann - words", "y": "Ann"},
    )
    found = read(tmp_path, made, words=True)
    assert len(set(found.get_tier_names())) == 4


def test_an_empty_transcript_is_valid(tmp_path: Path) -> None:
    assert list(read(tmp_path, document([])).get_tier_names()) == []
