"""Plain text."""

from collections.abc import Iterator

from exporter import front_matter
from exporter.clock import clock, precise_clock
from exporter.document import Document, Segment
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line
from exporter.statistics import statistics
from exporter.turns import Turn, turns


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render the front matter and the turns. `timestamps` gives each segment its own line."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    yield _heading(one_line(document.title), "=")
    for label, value in front_matter.facts(document):
        yield f"{label}: {one_line(value)}\n"
    names = "; ".join(_participant(person) for person in front_matter.participants(document))
    if names:
        yield f"Participants: {names}\n"
    for warning in document.warnings:
        yield f"Note: {one_line(warning)}\n"
    yield from _additions(document, options)
    yield "\n" + _heading("Conversation", "-")
    for turn in turns(document.segments):
        yield from _turn(document, turn, options)


def _additions(document: Document, options: ExportOptions) -> Iterator[str]:
    summary = document.summary
    if summary and options.meeting_summary:
        yield "\n" + _heading("Summary", "-")
        for statement in summary.statements:
            times = front_matter.cited_times(document, statement.segments)
            yield f"* {one_line(statement.attributed)} [{times}]\n"
        yield f"({one_line(front_matter.method_note(document, summary))})\n"
    if summary and options.action_items:
        yield "\n" + _heading("Action items", "-")
        for item in summary.action_items:
            note = one_line(front_matter.action_item_note(item))
            yield f"* {one_line(item.text)}{f' ({note})' if note else ''} [{clock(item.start)}]\n"
        if not summary.action_items:
            yield "None found.\n"
    if summary and options.needs_summary:
        for warning in summary.warnings:
            yield f"Note: {one_line(warning)}\n"
    if options.speaker_stats:
        figures = statistics(document)
        yield "\n" + _heading("Speakers", "-")
        for speaker in figures.speakers:
            name, *cells = front_matter.statistics_row(speaker)
            pairs = zip(front_matter.STATISTICS_COLUMNS[1:], cells, strict=True)
            facts = ", ".join(f"{label.lower()} {cell}" for label, cell in pairs)
            yield f"{one_line(name)}: {facts}\n"
        yield f"{front_matter.statistics_line(figures)}\n"


def _turn(document: Document, turn: Turn, options: ExportOptions) -> Iterator[str]:
    name = one_line(document.name_of(turn.speaker_label)) or "Unknown"
    if not options.timestamps:
        mark = _confidence(turn.confidence, options)
        yield f"[{clock(turn.start)}] {name}{mark}\n{one_line(turn.text)}\n\n"
        return
    yield f"{name}\n"
    for segment in turn.segments:
        yield f"[{_span(segment)}]{_confidence(segment.confidence, options)} "
        yield f"{one_line(segment.text)}\n"
    yield "\n"


def _span(segment: Segment) -> str:
    return f"{precise_clock(segment.start)} - {precise_clock(segment.end)}"


def _confidence(value: float, options: ExportOptions) -> str:
    return f" ({front_matter.percent(value)})" if options.confidence else ""


def _participant(person: front_matter.Participant) -> str:
    name = one_line(person.name)
    return f"{name} ({person.note})" if person.note else name


def _heading(text: str, rule: str) -> str:
    return f"{text}\n{rule * min(72, max(3, len(text)))}\n"
