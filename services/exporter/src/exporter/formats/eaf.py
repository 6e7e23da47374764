"""ELAN Annotation Format 3.0: a tier of annotations per speaker."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from urllib.parse import quote

from common.filenames import clean
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import xml_text
from exporter.tiers import Interval, Tier, tiers

_MIME_TYPES = {
    "mp3": "audio/mpeg",
    "wav": "audio/x-wav",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}
# Readers require it, as ELAN itself writes it. Nothing is fetched.
_SCHEMA = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd"'
)
_TYPES = """\
    <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="speech" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>
"""
_WORD_TYPE = """\
    <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="words" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false" \
CONSTRAINTS="Included_In"/>
"""
_CONSTRAINT = """\
    <CONSTRAINT STEREOTYPE="Included_In" \
DESCRIPTION="Annotations within the time interval of the parent annotation. Gaps are allowed."/>
"""


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render a tier per speaker. `words` adds a dependent tier with the words of each."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    spoken = tiers(document)
    moment = document.completed or document.created or datetime(1970, 1, 1, tzinfo=UTC)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<ANNOTATION_DOCUMENT AUTHOR="" DATE="{moment.isoformat(timespec="seconds")}"'
    yield f' FORMAT="3.0" VERSION="3.0" {_SCHEMA}>\n'
    yield _header(document)
    yield "    <TIME_ORDER>\n"
    for number, time in enumerate(_times(spoken, options), start=1):
        yield f'        <TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{time}"/>\n'
    yield "    </TIME_ORDER>\n"
    numbers = count(1)
    for tier in spoken:
        name = xml_text(tier.name)
        attributes = f'PARTICIPANT="{name}" TIER_ID="{name}"'
        yield from _tier(f'LINGUISTIC_TYPE_REF="speech" {attributes}', tier.passages, numbers)
        if options.words:
            parent = f'LINGUISTIC_TYPE_REF="words" PARENT_REF="{name}"'
            attributes = f'PARTICIPANT="{name}" TIER_ID="{xml_text(tier.words_name)}"'
            yield from _tier(f"{parent} {attributes}", _words(tier), numbers)
    yield _TYPES
    if options.words:
        yield _WORD_TYPE + _CONSTRAINT
    yield "</ANNOTATION_DOCUMENT>\n"


def _header(document: Document) -> str:
    """Return the reference to the recording, which ELAN looks for next to the document."""
    name = quote(clean(document.audio.filename))
    kind = _MIME_TYPES.get(document.audio.format, "unknown")
    return (
        '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n'
        f'        <MEDIA_DESCRIPTOR MEDIA_URL="file:///{name}" MIME_TYPE="{kind}"'
        f' RELATIVE_MEDIA_URL="./{name}"/>\n'
        "    </HEADER>\n"
    )


def _words(tier: Tier) -> list[Interval]:
    return [word for passage in tier.passages for word in passage.words]


def _times(spoken: Sequence[Tier], options: ExportOptions) -> Iterator[int]:
    """Yield the start and the end of every annotation, in the order of the annotations."""
    for tier in spoken:
        for passage in tier.passages:
            yield from (passage.start, passage.end)
        if options.words:
            for word in _words(tier):
                yield from (word.start, word.end)


def _tier(attributes: str, intervals: Sequence[Interval], numbers: Iterator[int]) -> Iterator[str]:
    """Yield a tier. Annotation N has the time slots 2N - 1 and 2N."""
    yield f"    <TIER {attributes}>\n"
    for interval in intervals:
        number = next(numbers)
        slots = f'TIME_SLOT_REF1="ts{2 * number - 1}" TIME_SLOT_REF2="ts{2 * number}"'
        yield f'        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" {slots}>'
        yield f"<ANNOTATION_VALUE>{xml_text(interval.text)}</ANNOTATION_VALUE>"
        yield "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
    yield "    </TIER>\n"
