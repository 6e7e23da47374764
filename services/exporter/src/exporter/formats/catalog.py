"""Registry of the export formats. Their names and media types come from the contract."""

from collections.abc import Iterator, Mapping

from exporter.document import Document
from exporter.formats import (
    csv,
    ctm,
    docx,
    eaf,
    edl,
    fcpxml,
    json,
    maxqda,
    md,
    nvivo,
    pdf,
    rttm,
    srt,
    stm,
    textgrid,
    ttml,
    txt,
    vtt,
)
from exporter.formats import zip as archive
from exporter.formats.format import Format
from exporter.options import ExportOptions, Option

# Options of documents that people read.
_READING = frozenset(Option) - {Option.WORDS}
_WORDS = frozenset({Option.WORDS})

_DOCUMENTS = (
    Format(name="pdf", render=pdf.render, options=_READING),
    Format(
        name="csv",
        render=csv.render,
        options=frozenset({Option.TIMESTAMPS, Option.CONFIDENCE}),
    ),
    Format(name="txt", render=txt.render, options=_READING, takes_templates=True),
    Format(
        name="json",
        render=json.render,
        options=frozenset({Option.MEETING_SUMMARY, Option.ACTION_ITEMS, Option.SPEAKER_STATS}),
        uses_words=True,
    ),
    Format(name="srt", render=srt.render, uses_words=True),
    Format(name="vtt", render=vtt.render, options=_WORDS, uses_words=True),
    Format(name="docx", render=docx.render, options=_READING, tracks_changes=True),
    Format(
        name="md",
        render=md.render,
        options=_READING,
        tracks_changes=True,
        takes_templates=True,
    ),
    Format(name="rttm", render=rttm.render, uses_words=True, takes_turns=True),
    Format(name="textgrid", render=textgrid.render, options=_WORDS),
    Format(name="eaf", render=eaf.render, options=_WORDS),
    Format(name="ctm", render=ctm.render, uses_words=True),
    Format(name="stm", render=stm.render),
    Format(name="ttml", render=ttml.render, options=_WORDS, uses_words=True),
    Format(name="fcpxml", render=fcpxml.render),
    Format(name="edl", render=edl.render),
    Format(name="maxqda", render=maxqda.render),
    Format(name="atlasti", render=maxqda.render),
    Format(name="nvivo", render=nvivo.render),
)


def _render_archive(document: Document, options: ExportOptions) -> Iterator[bytes]:
    return archive.render(document, options, _DOCUMENTS)


_ARCHIVE = Format(
    name="zip",
    render=_render_archive,
    options=frozenset(Option),
    uses_words=True,
    tracks_changes=True,
    takes_turns=True,
)

FORMATS: Mapping[str, Format] = {one.name: one for one in (*_DOCUMENTS, _ARCHIVE)}
