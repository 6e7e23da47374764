"""Cues of subtitles."""

from gateway.openai.subtitles import cues, vtt
from tests.unit.gateway.openai.transcripts import segment


def test_long_speech_is_divided() -> None:
    found = list(cues([segment("word " * 100, start=0.0, each=0.2)]))
    assert len(found) > 4
    assert all(len(cue.text) <= 84 and cue.end - cue.start <= 7.0 for cue in found)
    assert " ".join(cue.text for cue in found).split() == ["word"] * 100


def test_cues_end_with_sentences() -> None:
    text = "This sentence has more than forty characters. This is another one."
    found = [cue.text for cue in cues([segment(text, start=0.0, each=0.3)])]
    assert found == ["This sentence has more than forty characters.", "This is another one."]


def test_markup_is_replaced() -> None:
    assert "<b>" not in vtt([segment("<b>loud</b> --> {quiet}", start=0.0)]).partition("\n\n")[2]


def test_hours() -> None:
    assert vtt([segment("late", start=3_725.5)]).split("\n")[2].startswith("01:02:05.500 -->")
