"""Variables of templates: the members of the JSON export, with their text on one line."""

from typing import Any

from exporter.document import Document
from exporter.formats import json
from exporter.options import ExportOptions
from exporter.safe_text import one_line
from exporter.turns import Turn, turns


def variables(document: Document, options: ExportOptions) -> dict[str, Any]:
    """Return plain data. `words` keeps the words of segments, which are large."""
    segments = [json.segment_members(document, segment) for segment in document.segments]
    if not options.words:
        for segment in segments:
            del segment["words"]
    spoken = [_turn(document, turn) for turn in turns(document.segments)]
    found = json.head(document, options) | {"segments": segments, "turns": spoken}
    cleaned: dict[str, Any] = _cleaned(found)
    return cleaned


def _turn(document: Document, turn: Turn) -> dict[str, Any]:
    return {
        "speaker": document.name_of(turn.speaker_label),
        "speaker_label": turn.speaker_label,
        "start_time": round(turn.start, 3),
        "end_time": round(turn.end, 3),
        "text": turn.text,
        "segments": [segment.index for segment in turn.segments],
    }


def _cleaned(value: Any) -> Any:
    """Return a copy whose texts are on one line, without unsafe characters."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {name: _cleaned(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_cleaned(member) for member in value]
    return value
