"""Registry of the export formats. Their names and media types come from the contract."""

from collections.abc import Iterator, Mapping

from exporter.document import Document
from exporter.formats import csv, docx, json, md, pdf, rttm, srt, txt, vtt
from exporter.formats import zip as archive
from exporter.formats.format import Format
from exporter.options import ExportOptions, Option

# Options of documents that people read.
_READING = frozenset(Option) - {Option.WORDS}

_DOCUMENTS = (
    Format(name="pdf", render=pdf.render, options=_READING),
    Format(
        name="csv",
        render=csv.render,
        options=frozenset({Option.TIMESTAMPS, Option.CONFIDENCE}),
    ),
    Format(name="txt", render=txt.render, options=_READING),
    Format(
        name="json",
        render=json.render,
        options=frozenset({Option.MEETING_SUMMARY, Option.ACTION_ITEMS, Option.SPEAKER_STATS}),
        uses_words=True,
    ),
    Format(name="srt", render=srt.render, uses_words=True),
    Format(name="vtt", render=vtt.render, options=frozenset({Option.WORDS}), uses_words=True),
    Format(name="docx", render=docx.render, options=_READING, tracks_changes=True),
    Format(name="md", render=md.render, options=_READING, tracks_changes=True),
    Format(name="rttm", render=rttm.render, uses_words=True),
)


def _render_archive(document: Document, options: ExportOptions) -> Iterator[bytes]:
    return archive.render(document, options, _DOCUMENTS)


_ARCHIVE = Format(
    name="zip",
    render=_render_archive,
    options=frozenset(Option),
    uses_words=True,
    tracks_changes=True,
)

FORMATS: Mapping[str, Format] = {one.name: one for one in (*_DOCUMENTS, _ARCHIVE)}
