"""Reading of a file to import, in the format that its content has."""

import codecs
from collections.abc import Callable, Mapping

from transcriber.imports import json_forms
from transcriber.imports.content import ImportedTranscript, ImportFormat
from transcriber.imports.eaf import read_eaf
from transcriber.imports.marks import COMMENT, RTTM_TYPES, read_ctm, read_rttm
from transcriber.imports.problems import problem
from transcriber.imports.subtitles import read_srt, read_vtt
from transcriber.imports.textgrid import read_textgrid

#: Largest file.
MOST_BYTES = 16 * 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OF_TEXT: Mapping[ImportFormat, Callable[[str], ImportedTranscript]] = {
    ImportFormat.SRT: read_srt,
    ImportFormat.VTT: read_vtt,
    ImportFormat.TEXTGRID: read_textgrid,
    ImportFormat.RTTM: read_rttm,
    ImportFormat.CTM: read_ctm,
}
_OF_JSON = {
    ImportFormat.WHISPERX: json_forms.read_whisperx,
    ImportFormat.OPENAI: json_forms.read_openai,
}


def read(content: bytes, wanted: ImportFormat | None = None) -> ImportedTranscript:
    """Read a file. Without a wanted format, its content decides.

    Raises:
        ValidationError: the file is too large, is not text, is of no known format, or is malformed.
    """
    if len(content) > MOST_BYTES:
        raise problem(f"The file is larger than {MOST_BYTES // 1024 // 1024} MiB.")
    if not content.strip():
        raise problem("The file is empty.")
    text = _decoded(content)
    found = wanted or format_of(text)
    if found is ImportFormat.EAF:
        return read_eaf(content)
    if found in _OF_JSON:
        return _OF_JSON[found](json_forms.load(text))
    return _OF_TEXT[found](text)


def format_of(text: str) -> ImportFormat:
    """Return the format of a text by its content.

    Raises:
        ValidationError: it is none of those that are known.
    """
    head = text[:10_000].lstrip()
    if head.startswith("{"):
        return json_forms.format_of(json_forms.load(text))
    found = next((form for form, is_of in _SIGNS.items() if is_of(head)), None)
    if found is not None:
        return found
    raise problem(
        "The format of the file is not known. SRT, VTT, JSON of WhisperX and of the OpenAI API, "
        "TextGrid, EAF, RTTM and CTM can be imported."
    )


def _decoded(content: bytes) -> str:
    """Return the text with single line feeds.

    Raises:
        ValidationError: it is neither UTF-8 nor marked UTF-16.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1 if encoding != "utf-16" else 0
        raise problem("The text is not UTF-8. Save the file as UTF-8.", line=line) from error
    if "\0" in text:
        raise problem("The file is not a text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_rttm(head: str) -> bool:
    return not RTTM_TYPES.isdisjoint(_fields(head)[:1])


def _is_ctm(head: str) -> bool:
    fields = _fields(head)
    return 5 <= len(fields) <= 7 and all(map(_is_number, fields[2:4]))


def _fields(head: str) -> list[str]:
    """Return the fields of the first line that is not a comment."""
    lines = (line for line in head.split("\n") if line.strip())
    return next((line for line in lines if not line.startswith(COMMENT)), "").split()


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit()


#: Tests of the beginning of a text, in order.
_SIGNS: Mapping[ImportFormat, Callable[[str], bool]] = {
    ImportFormat.EAF: lambda head: head.startswith("<"),
    ImportFormat.VTT: lambda head: head.startswith("WEBVTT"),
    ImportFormat.TEXTGRID: lambda head: "ooTextFile" in head[:500],
    ImportFormat.RTTM: _is_rttm,
    ImportFormat.SRT: lambda head: "-->" in head,
    ImportFormat.CTM: _is_ctm,
}
