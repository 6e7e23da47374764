"""Timed Text Markup Language subtitles."""

from collections.abc import Iterator, Mapping

from exporter.clock import precise_clock
from exporter.cues import Cue, cues
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line, xml_text
from exporter.scripts import Direction, direction

_RIGHT_TO_LEFT = ' tts:direction="rtl" tts:unicodeBidi="embed"'


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render cues whose agents are the speakers. `words` shows each word once it is spoken."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    shown = list(cues(document))
    labels = dict.fromkeys(cue.speaker_label for cue in shown)
    agents = {label: f"speaker{number}" for number, label in enumerate(labels, start=1)}
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="{xml_text(document.language)}"'
    yield ' xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
    yield ' xmlns:ttp="http://www.w3.org/ns/ttml#parameter"'
    yield ' xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:timeBase="media">\n'
    yield from _head(document, agents)
    yield '  <body region="bottom">\n    <div>\n'
    for cue in shown:
        yield _paragraph(cue, agents[cue.speaker_label], options)
    yield "    </div>\n  </body>\n</tt>\n"


def _head(document: Document, agents: Mapping[str, str]) -> Iterator[str]:
    yield f"  <head>\n    <metadata>\n      <ttm:title>{xml_text(document.title)}</ttm:title>\n"
    for label, agent in agents.items():
        name = xml_text(one_line(document.name_of(label)) or "Unknown")
        yield f'      <ttm:agent xml:id="{agent}" type="person">'
        yield f'<ttm:name type="full">{name}</ttm:name></ttm:agent>\n'
    yield "    </metadata>\n    <layout>\n"
    yield '      <region xml:id="bottom" tts:origin="10% 80%" tts:extent="80% 15%"'
    yield ' tts:displayAlign="after" tts:textAlign="center"/>\n'
    yield "    </layout>\n  </head>\n"


def _paragraph(cue: Cue, agent: str, options: ExportOptions) -> str:
    """Return a cue. Times of its words count from its start, as the standard has it."""
    times = f'begin="{precise_clock(cue.start)}" end="{precise_clock(cue.end)}"'
    rtl = _RIGHT_TO_LEFT if direction(cue.text) is Direction.RIGHT_TO_LEFT else ""
    text = _words(cue) if options.words else "<br/>".join(map(xml_text, cue.lines()))
    return f'      <p {times} ttm:agent="{agent}"{rtl}>{text}</p>\n'


def _words(cue: Cue) -> str:
    parts: list[str] = []
    for piece in cue.pieces:
        text = xml_text(piece.text)
        blank = " " if piece.text[-1:].isspace() else ""
        after = precise_clock(min(max(piece.start, cue.start), cue.end) - cue.start)
        parts.append(f'<span begin="{after}">{text}{blank}</span>')
    return "".join(parts)
