"""Office Open XML, streamed without a document tree in memory."""

from collections.abc import Iterable, Iterator

from exporter import front_matter
from exporter.changes import Changes
from exporter.clock import clock, precise_clock
from exporter.document import Document
from exporter.docx.markup import paragraph, run, table, text_paragraph
from exporter.docx.package import FOOTER_ID, WORD, fixed_parts
from exporter.docx.revision_marks import RevisionMarks
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.palette import SpeakerStyle, speaker_style
from exporter.scripts import Direction, direction
from exporter.statistics import statistics
from exporter.tracked import tracked_turns
from exporter.turns import PARAGRAPH_SECONDS, Turn, mean_confidence, turns, with_time_marks
from exporter.zip_stream import zip_stream

_FAINT = "#5f5f5f"
_NO_STYLE = SpeakerStyle(color="#555555", dash="solid")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NAMESPACES = (
    f'xmlns:w="{WORD}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_SECTION = (
    f'<w:sectPr><w:footerReference w:type="default" r:id="{FOOTER_ID}"/>'
    '<w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1247" w:right="1247" w:bottom="1247" w:left="1247" w:header="709" '
    'w:footer="709" w:gutter="0"/></w:sectPr>'
)


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render the front matter and the turns. `timestamps` gives each segment its own paragraph."""
    moment = document.completed or document.created
    fixed = fixed_parts(document.title, moment)
    types = "[Content_Types].xml"
    members: list[tuple[str, Iterable[bytes]]] = [
        (types, [fixed.pop(types)]),
        *((name, [data]) for name, data in fixed.items()),
        ("word/document.xml", encoded(_pieces(document, options))),
    ]
    return zip_stream(members, moment=moment)


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    yield f"{_HEAD}<w:document {_NAMESPACES}><w:body>"
    yield text_paragraph(document.title, "Title")
    for label, value in front_matter.facts(document):
        yield paragraph([run(f"{label}:", color=_FAINT, after=" "), run(value)], style="Speech")
    for note in document.warnings:
        yield text_paragraph(note, "Note")
    styles = {
        speaker.label: speaker_style(position) for position, speaker in enumerate(document.speakers)
    }
    yield from _participants(document, styles)
    yield from _additions(document, options)
    yield text_paragraph("Conversation", "Heading1")
    if document.changes is not None:
        yield from _tracked(document, document.changes, options, styles)
        yield f"{_SECTION}</w:body></w:document>"
        return
    conversation = with_time_marks(turns(document.segments), duration=document.audio.duration)
    for mark, turn in conversation:
        if mark is not None:
            yield text_paragraph(clock(mark), "Heading2")
        yield from _turn(document, turn, options, styles.get(turn.speaker_label))
    yield f"{_SECTION}</w:body></w:document>"


def _participants(document: Document, styles: dict[str, SpeakerStyle]) -> Iterator[str]:
    people = front_matter.participants(document)
    if people:
        yield text_paragraph("Participants", "Heading1")
    for person in people:
        style = styles[person.label]
        runs = [run(person.name, bold=True, color=style.color)]
        if person.note:
            runs.append(run(f"({person.note})", color=_FAINT, before=" "))
        yield paragraph(runs, style="Speech", rtl=_is_rtl(person.name), rule=style)


def _additions(document: Document, options: ExportOptions) -> Iterator[str]:
    summary = document.summary
    if summary and options.meeting_summary:
        yield text_paragraph("Summary", "Heading1")
        for statement in summary.statements:
            yield _entry(
                statement.attributed, "", front_matter.cited_times(document, statement.segments)
            )
        yield text_paragraph(front_matter.method_note(document, summary), "Note")
    if summary and options.action_items:
        yield text_paragraph("Action items", "Heading1")
        for item in summary.action_items:
            yield _entry(item.text, front_matter.action_item_note(item), clock(item.start))
        if not summary.action_items:
            yield text_paragraph("None found.", "Speech")
    if summary and options.needs_summary:
        for warning in summary.warnings:
            yield text_paragraph(warning, "Note")
    if options.speaker_stats:
        figures = statistics(document)
        yield text_paragraph("Statistics", "Heading1")
        rows = [front_matter.statistics_row(speaker) for speaker in figures.speakers]
        yield table(front_matter.STATISTICS_COLUMNS, rows)
        yield text_paragraph(front_matter.statistics_line(figures), "Note")


def _entry(text: str, note: str, times: str) -> str:
    runs = [run(text)]
    if note:
        runs.append(run(note, bold=True, before=" — "))
    runs.append(run(f"[{times}]", color=_FAINT, size=18, before=" "))
    return paragraph(runs, style="ListBullet", rtl=_is_rtl(text))


def _turn(
    document: Document, turn: Turn, options: ExportOptions, style: SpeakerStyle | None
) -> Iterator[str]:
    style = style or _NO_STYLE
    name = document.name_of(turn.speaker_label) or "Unknown"
    rtl = _is_rtl(turn.text)
    time = clock(turn.start)
    if options.confidence:
        time += f" · {front_matter.percent(turn.confidence)}"
    yield paragraph(
        [run(name, bold=True, color=style.color), run(time, color=_FAINT, size=17, before="  ")],
        style="Speaker",
        rtl=rtl,
        rule=style,
    )
    if not options.timestamps:
        yield paragraph([run(turn.text)], style="Speech", rtl=rtl, rule=style)
        return
    for segment in turn.segments:
        span = f"{precise_clock(segment.start)} – {precise_clock(segment.end)}"
        if options.confidence:
            span += f" · {front_matter.percent(segment.confidence)}"
        runs = [run(span, color=_FAINT, size=17, after="  "), run(segment.text)]
        yield paragraph(runs, style="Speech", rtl=_is_rtl(segment.text), rule=style)


def _tracked(
    document: Document,
    changes: Changes,
    options: ExportOptions,
    styles: dict[str, SpeakerStyle],
) -> Iterator[str]:
    """Yield the turns with revision marks."""
    marks = RevisionMarks(changes)
    yield text_paragraph(front_matter.tracked_note(changes), "Note")
    seconds = 0.0 if options.timestamps else PARAGRAPH_SECONDS
    for turn in tracked_turns(document, paragraph_seconds=seconds):
        label = turn.segments[0].speaker_label if turn.segments else ""
        style = styles.get(label, _NO_STYLE)
        rtl = _is_rtl("".join(span.after or span.before for span in turn.spans))
        time = clock(turn.start)
        if options.timestamps:
            time = f"{precise_clock(turn.start)} – {precise_clock(turn.end)}"
        if options.confidence and turn.segments:
            time += f" · {front_matter.percent(mean_confidence(turn.segments))}"
        name = marks.runs(turn.speaker, bold=True, color=style.color)
        note = marks.note(time, turn.speaker, color=_FAINT, size=17)
        spans = [part for span in turn.spans for part in marks.runs(span)]
        for runs, kind in (([*name, note], "Speaker"), (spans, "Speech")):
            mark = marks.of_paragraph(turn.speaker)
            yield paragraph(runs, style=kind, rtl=rtl, rule=style, mark=mark)


def _is_rtl(text: str) -> bool:
    return direction(text) is Direction.RIGHT_TO_LEFT
