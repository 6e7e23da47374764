"""Content of the pages of a PDF, as data for the template."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from exporter import front_matter
from exporter.clock import clock, precise_clock
from exporter.document import Document, Segment
from exporter.options import ExportOptions
from exporter.palette import SpeakerStyle, speaker_style
from exporter.pdf import fonts
from exporter.safe_text import one_line
from exporter.scripts import (
    Direction,
    direction,
    east_asian_language,
    is_arabic,
    scripts_without_font,
)
from exporter.statistics import statistics
from exporter.summary.model import Summary
from exporter.turns import Turn, turns, with_time_marks

# Letters in a part, about fifty minutes of speech. Each part is typeset by a process of its own, so
# that memory does not grow with the duration of the recording.
PART_SIZE = 50_000
_WIDE_SIZE = 3  # letters that cost the typesetter as much as one ideograph
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_ARABIC_SCALE = 1.2

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Context:
    """Values shared by all pages."""

    document: Document
    options: ExportOptions
    styles: dict[str, SpeakerStyle]
    targets: frozenset[int]  # indexes of segments with links to them in the same part


def parts(document: Document, options: ExportOptions) -> Iterator[Data]:
    """Yield the data of each part. The first one includes the front matter.

    `first_page` is 1 in all of them. The caller sets it once the earlier parts have their pages.
    """
    groups = _grouped(with_time_marks(turns(document.segments), duration=document.audio.duration))
    pending = next(groups, [])
    first = True
    while True:
        following = next(groups, None)
        context = _context(document, options, only_part=first and following is None)
        yield _part(context, pending, first=first, only_part=first and following is None)
        if following is None:
            return
        pending, first = following, False


def _grouped(
    conversation: Iterable[tuple[float | None, Turn]],
) -> Iterator[list[tuple[float | None, Turn]]]:
    group: list[tuple[float | None, Turn]] = []
    filled = 0
    for mark, turn in conversation:
        group.append((mark, turn))
        filled += sum(_size(segment.text) for segment in turn.segments)
        if filled >= PART_SIZE:
            yield group
            group, filled = [], 0
    if group:
        yield group


def _size(text: str) -> int:
    wide = sum(character >= "\u2e80" for character in text)
    return len(text) + (_WIDE_SIZE - 1) * wide


def _context(document: Document, options: ExportOptions, *, only_part: bool) -> _Context:
    styles = {
        speaker.label: speaker_style(position) for position, speaker in enumerate(document.speakers)
    }
    cited: frozenset[int] = frozenset()
    if only_part and document.summary and options.needs_summary:
        said = {segment.index for segment in document.segments if segment.text.strip()}
        cited = document.summary.cited_segments & said
    return _Context(document=document, options=options, styles=styles, targets=cited)


def _part(
    context: _Context, group: list[tuple[float | None, Turn]], *, first: bool, only_part: bool
) -> Data:
    document = context.document
    title = one_line(document.title)
    code = document.language_codes[0] if document.language_codes else ""
    return {
        "title": title,
        "running_title": _piece(title),
        "lang": code if _LANGUAGE.fullmatch(code) else "en",
        "families": fonts.families(east_asian_language("\u4e00", code)),
        "only_part": only_part,
        "first_page": 1,
        "front": _front(context) if first else None,
        "turns": [_turn(context, mark, turn) for mark, turn in group],
    }


def _piece(text: str, language: str = "") -> Data:
    line = one_line(text)
    data: Data = {
        "text": line,
        "dir": direction(line).value,
        "scale": _ARABIC_SCALE if is_arabic(line) else 1,
        "lang": language if _LANGUAGE.fullmatch(language) else "",
    }
    east_asian = east_asian_language(line, language)
    if east_asian:
        data["families"] = fonts.families(east_asian)
    return data


def _front(context: _Context) -> Data:
    document, options = context.document, context.options
    summary = document.summary
    return {
        "title": _piece(document.title),
        "facts": [[label, _piece(value)] for label, value in front_matter.facts(document)],
        "notes": [_piece(note) for note in _notes(document, options)],
        "participants": [
            {
                "name": _piece(person.name),
                "note": f"({person.note})" if person.note else "",
                "style": asdict(context.styles[person.label]),
            }
            for person in front_matter.participants(document)
        ],
        "summary": _summary(context, summary) if summary and options.meeting_summary else None,
        "action_items": _items(context, summary) if summary and options.action_items else None,
        "statistics": _statistics(document) if options.speaker_stats else None,
    }


def _notes(document: Document, options: ExportOptions) -> list[str]:
    notes = list(document.warnings)
    if document.summary and options.needs_summary:
        notes += document.summary.warnings
    names = (document.name_of(speaker.label) for speaker in document.speakers)
    texts = (segment.text for segment in document.segments)
    missing = scripts_without_font([document.title, *names, *texts])
    if missing:
        notes.append(
            f"Some characters ({', '.join(missing)}) have no font in this document and appear as "
            "boxes. Other formats show them."
        )
    return notes


def _times(context: _Context, indexes: Iterable[int]) -> list[Data]:
    segments = context.document.segments_by_index
    times: dict[str, Data] = {}
    for index in sorted(indexes):
        if index in segments:
            text = clock(segments[index].start)
            target = _target(index) if index in context.targets else None
            times.setdefault(text, {"text": text, "target": target})
    return list(times.values())


def _target(index: int) -> str:
    return f"segment-{index}"


def _summary(context: _Context, summary: Summary) -> Data:
    return {
        "entries": [
            {
                "piece": _piece(statement.attributed),
                "note": None,
                "times": _times(context, statement.segments),
            }
            for statement in summary.statements
        ],
        "note": one_line(front_matter.method_note(context.document, summary)),
    }


def _items(context: _Context, summary: Summary) -> list[Data]:
    items: list[Data] = []
    for item in summary.action_items:
        note = front_matter.action_item_note(item)
        items.append(
            {
                "piece": _piece(item.text),
                "note": _piece(note) if note else None,
                "times": _times(context, [item.segment]),
            }
        )
    return items


def _statistics(document: Document) -> Data:
    figures = statistics(document)
    rows = [front_matter.statistics_row(speaker) for speaker in figures.speakers]
    return {
        "columns": list(front_matter.STATISTICS_COLUMNS),
        "rows": [[_piece(name), *cells] for name, *cells in rows],
        "line": front_matter.statistics_line(figures),
    }


def _turn(context: _Context, mark: float | None, turn: Turn) -> Data:
    options = context.options
    name = context.document.name_of(turn.speaker_label) or "Unknown"
    style = context.styles.get(turn.speaker_label) or SpeakerStyle(color="#555555", dash="solid")
    time = clock(turn.start)
    if options.confidence:
        time += f" · {front_matter.percent(turn.confidence)}"
    if options.timestamps:
        spoken = [_spoken_segment(context, segment) for segment in turn.segments]
    else:
        language = turn.segments[0].language
        spoken = [_spoken(context, turn.text, language, "", turn.segments)]
    rtl = sum(one["piece"]["dir"] == Direction.RIGHT_TO_LEFT for one in spoken)
    return {
        "mark": "" if mark is None else clock(mark),
        "name": _piece(name),
        "continued": turn.continued,
        "style": asdict(style),
        "dir": "rtl" if rtl * 2 > len(spoken) else "ltr",
        "time": time,
        "spoken": spoken,
    }


def _spoken_segment(context: _Context, segment: Segment) -> Data:
    time = f"{precise_clock(segment.start)} – {precise_clock(segment.end)}"
    if context.options.confidence:
        time += f" · {front_matter.percent(segment.confidence)}"
    return _spoken(context, segment.text, segment.language, time, [segment])


def _spoken(
    context: _Context, text: str, language: str, time: str, segments: Iterable[Segment]
) -> Data:
    targets = [_target(one.index) for one in segments if one.index in context.targets]
    return {"piece": _piece(text, language), "time": time, "targets": targets}
