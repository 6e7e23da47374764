"""Praat TextGrid: an interval tier per speaker."""

from collections.abc import Iterator, Sequence

from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.tiers import Interval, Tier, length, tiers


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render a tier per speaker. `words` adds a tier with the words of each."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    spoken = tiers(document)
    end = max(1, length(document, spoken))  # Praat needs a duration
    lines = list(_named(spoken, options))
    yield 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    yield f"xmin = 0 \nxmax = {_seconds(end)} \ntiers? <exists> \n"
    yield f"size = {len(lines)} \nitem []: \n"
    for number, (name, intervals) in enumerate(lines, start=1):
        yield from _tier(number, name, list(_filled(intervals, end)), end)


def _named(
    spoken: Sequence[Tier], options: ExportOptions
) -> Iterator[tuple[str, Sequence[Interval]]]:
    """Yield the tiers with their names. Praat reads no file without any."""
    for tier in spoken:
        yield tier.name, tier.passages
        if options.words:
            yield tier.words_name, [word for passage in tier.passages for word in passage.words]
    if not spoken:
        yield "Transcript", ()


def _filled(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """Yield the intervals with empty ones for the pauses. Together they cover the recording."""
    latest = 0
    for interval in intervals:
        if interval.start > latest:
            yield Interval(text="", start=latest, end=interval.start)
        yield interval
        latest = interval.end
    if latest < end:
        yield Interval(text="", start=latest, end=end)


def _tier(number: int, name: str, intervals: Sequence[Interval], end: int) -> Iterator[str]:
    yield f'    item [{number}]:\n        class = "IntervalTier" \n        name = {_text(name)} \n'
    yield f"        xmin = 0 \n        xmax = {_seconds(end)} \n"
    yield f"        intervals: size = {len(intervals)} \n"
    for place, interval in enumerate(intervals, start=1):
        yield f"        intervals [{place}]:\n"
        yield f"            xmin = {_seconds(interval.start)} \n"
        yield f"            xmax = {_seconds(interval.end)} \n"
        yield f"            text = {_text(interval.text)} \n"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _text(text: str) -> str:
    quotes = text.replace('"', '""')
    return f'"{quotes}"'
