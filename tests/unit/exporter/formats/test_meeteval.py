"""CTM, STM and RTTM read back by meeteval, where it is installed.

It has no wheels, and is therefore not among the pins: `.venv/bin/pip install meeteval`.
"""

import importlib
import importlib.util
from typing import Any

import pytest

from exporter.document import Document
from tests.unit.exporter.documents import SCRIPTS, call, hostile, in_script, meeting
from tests.unit.exporter.rendering import rendered

_DOCUMENTS = {
    "meeting": meeting(),
    "call": call(),
    "hostile": hostile(),
    **{language: in_script(language) for language in SCRIPTS},
}

if importlib.util.find_spec("meeteval") is not None:

    def _read(made: Document, name: str) -> list[Any]:
        reader = getattr(importlib.import_module("meeteval.io"), name.upper())
        return list(reader.parse(rendered(made, name).decode()).lines)

    @pytest.mark.parametrize("document", _DOCUMENTS)
    def test_every_line_is_read_back(document: str) -> None:
        made = _DOCUMENTS[document]
        if document != "hostile":
            # In another order: channels come first.
            said = sorted("".join("".join(one.text for one in made.segments).split()))
            assert sorted("".join(one.word for one in _read(made, "ctm"))) == said
            texts = [one.transcript for one in _read(made, "stm")]
            assert sorted("".join("".join(texts).split())) == said
        assert len(_read(made, "ctm")) >= len(made.segments)
        assert len(_read(made, "stm")) == len(made.segments)
        assert sum(one.duration for one in _read(made, "rttm")) > 0

    def test_fields_are_those_of_the_document() -> None:
        word = _read(meeting(), "ctm")[3]
        assert (word.filename, word.channel, word.word) == ("Weekly_meeting", "1", "Shall")
        assert (float(word.begin_time), float(word.confidence)) == (2.5, 0.9)
        turn = _read(meeting(), "stm")[2]
        assert (turn.speaker_id, float(turn.begin_time)) == ("Ben_Ode", 5.5)
        assert (float(turn.end_time), turn.transcript) == (9.0, meeting().segments[2].text)
        voice = _read(meeting(), "rttm")[2]
        assert (voice.speaker_id, float(voice.begin_time), float(voice.duration)) == (
            "Ben_Ode", 5.5, 3.5,
        )  # fmt: skip
