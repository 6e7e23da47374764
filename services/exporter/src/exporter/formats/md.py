"""Markdown (CommonMark with tables)."""

import re
from collections.abc import Iterator

from exporter import front_matter
from exporter.clock import clock, precise_clock
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line
from exporter.statistics import statistics
from exporter.tracked import Span, tracked_turns
from exporter.turns import PARAGRAPH_SECONDS, Turn, mean_confidence, turns

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!^$])")
# Characters that start a list, a rule or a heading, but only at the start of a line.
_LINE_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=:]))")


def escaped(text: str) -> str:
    """Return the text on one line, with Markdown and HTML escaped."""
    return _LINE_START.sub(r"\1\\", _SPECIAL.sub(r"\\\1", one_line(text)))


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render the front matter and the turns. `timestamps` gives each segment its own line."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    yield f"# {escaped(document.title)}\n\n"
    for label, value in front_matter.facts(document):
        yield f"- **{label}:** {escaped(value)}\n"
    names = ", ".join(_participant(person) for person in front_matter.participants(document))
    if names:
        yield f"- **Participants:** {names}\n"
    for warning in document.warnings:
        yield f"- **Note:** {escaped(warning)}\n"
    yield from _additions(document, options)
    yield "\n## Conversation\n\n"
    if document.changes is not None:
        yield f"*{front_matter.tracked_note(document.changes)}*\n\n"
        yield from _tracked(document, options)
        return
    for turn in turns(document.segments):
        yield from _turn(document, turn, options)


def _additions(document: Document, options: ExportOptions) -> Iterator[str]:
    summary = document.summary
    if summary and options.meeting_summary:
        yield "\n## Summary\n\n"
        for statement in summary.statements:
            times = front_matter.cited_times(document, statement.segments)
            yield f"- {escaped(statement.attributed)} ({times})\n"
        yield f"\n*{escaped(front_matter.method_note(document, summary))}*\n"
    if summary and options.action_items:
        yield "\n## Action items\n\n"
        for item in summary.action_items:
            note = front_matter.action_item_note(item)
            who = f" — **{escaped(note)}**" if note else ""
            yield f"- [ ] {escaped(item.text)}{who} ({clock(item.start)})\n"
        if not summary.action_items:
            yield "None found.\n"
    if summary and options.needs_summary:
        for warning in summary.warnings:
            yield f"\n*{escaped(warning)}*\n"
    if options.speaker_stats:
        figures = statistics(document)
        yield "\n## Speakers\n\n"
        yield f"| {' | '.join(front_matter.STATISTICS_COLUMNS)} |\n"
        yield f"|{' --- |' * len(front_matter.STATISTICS_COLUMNS)}\n"
        for speaker in figures.speakers:
            yield f"| {' | '.join(map(escaped, front_matter.statistics_row(speaker)))} |\n"
        yield f"\n{front_matter.statistics_line(figures)}\n"


def _turn(document: Document, turn: Turn, options: ExportOptions) -> Iterator[str]:
    name = escaped(document.name_of(turn.speaker_label)) or "Unknown"
    if not options.timestamps:
        mark = _confidence(turn.confidence, options)
        yield f"**{name}** · {clock(turn.start)}{mark}\n\n{escaped(turn.text)}\n\n"
        return
    yield f"**{name}**\n\n"
    for segment in turn.segments:
        span = f"{precise_clock(segment.start)} – {precise_clock(segment.end)}"
        mark = _confidence(segment.confidence, options)
        yield f"- {span}{mark}: {escaped(segment.text)}\n"
    yield "\n"


def _tracked(document: Document, options: ExportOptions) -> Iterator[str]:
    """Yield the turns with changes in CriticMarkup."""
    seconds = 0.0 if options.timestamps else PARAGRAPH_SECONDS
    for turn in tracked_turns(document, paragraph_seconds=seconds):
        time = clock(turn.start)
        if options.timestamps:
            time = f"{precise_clock(turn.start)} – {precise_clock(turn.end)}"
        mark = _confidence(mean_confidence(turn.segments), options) if turn.segments else ""
        text = "".join(map(_marked, turn.spans)).strip()
        yield f"**{_marked(turn.speaker)}** · {time}{mark}\n\n{text}\n\n"


def _marked(span: Span) -> str:
    """Return a span in CriticMarkup."""
    if not span.changed:
        return _within(span.after)
    if not span.before:
        return f"{{++{_within(span.after)}++}}"
    if not span.after:
        return f"{{--{_within(span.before)}--}}"
    return f"{{~~{_within(span.before)}~>{_within(span.after)}~~}}"


def _within(text: str) -> str:
    """Return the text escaped, with the blanks around it."""
    core = escaped(text)
    lead = " " if text[:1].isspace() else ""
    trail = " " if core and text[-1:].isspace() else ""
    return f"{lead}{core}{trail}"


def _confidence(value: float, options: ExportOptions) -> str:
    return f" · {front_matter.percent(value)}" if options.confidence else ""


def _participant(person: front_matter.Participant) -> str:
    name = escaped(person.name)
    return f"{name} ({person.note})" if person.note else name
