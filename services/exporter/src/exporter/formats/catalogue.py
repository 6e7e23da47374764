"""The formats that this deployment can write."""

from collections.abc import Iterator, Mapping

from common.errors import ValidationError
from exporter.document import Document
from exporter.formats import csv, docx, json, md, pdf, rttm, srt, txt, vtt
from exporter.formats import zip as archive
from exporter.formats.format import Format
from exporter.options import ExportOptions, Option

_READING = frozenset(
    {
        Option.MEETING_SUMMARY,
        Option.ACTION_ITEMS,
        Option.SPEAKER_STATS,
        Option.TIMESTAMPS,
        Option.CONFIDENCE,
    }
)
_WORD_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_SINGLE = (
    Format(
        name="pdf",
        media_type="application/pdf",
        extension="pdf",
        render=pdf.render,
        options=_READING,
    ),
    Format(
        name="csv",
        media_type="text/csv; charset=utf-8",
        extension="csv",
        render=csv.render,
        options=frozenset({Option.TIMESTAMPS, Option.CONFIDENCE}),
    ),
    Format(
        name="txt",
        media_type="text/plain; charset=utf-8",
        extension="txt",
        render=txt.render,
        options=_READING,
    ),
    Format(
        name="json",
        media_type="application/json",
        extension="json",
        render=json.render,
        options=frozenset({Option.MEETING_SUMMARY, Option.ACTION_ITEMS, Option.SPEAKER_STATS}),
        uses_words=True,
    ),
    Format(
        name="srt",
        media_type="application/x-subrip; charset=utf-8",
        extension="srt",
        render=srt.render,
        uses_words=True,
    ),
    Format(
        name="vtt",
        media_type="text/vtt; charset=utf-8",
        extension="vtt",
        render=vtt.render,
        options=frozenset({Option.WORDS}),
        uses_words=True,
    ),
    Format(
        name="docx",
        media_type=_WORD_MEDIA_TYPE,
        extension="docx",
        render=docx.render,
        options=_READING,
    ),
    Format(
        name="md",
        media_type="text/markdown; charset=utf-8",
        extension="md",
        render=md.render,
        options=_READING,
    ),
    Format(
        name="rttm",
        media_type="text/plain; charset=utf-8",
        extension="rttm",
        render=rttm.render,
        uses_words=True,
    ),
)


def _all_in_one(document: Document, options: ExportOptions) -> Iterator[bytes]:
    return archive.render(document, options, _SINGLE)


_ARCHIVE = Format(
    name="zip",
    media_type="application/zip",
    extension="zip",
    render=_all_in_one,
    options=frozenset(Option),
    uses_words=True,
)

FORMATS: Mapping[str, Format] = {one.name: one for one in (*_SINGLE, _ARCHIVE)}


def format_named(name: str) -> Format:
    """The format of that name. Raises ValidationError for `export_format` when there is none."""
    found = FORMATS.get(name.strip().lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise ValidationError.of("export_format", f"Unknown export format; known are {known}.")
    return found
