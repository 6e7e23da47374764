"""SubRip (SRT) and WebVTT subtitles."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.writing_systems import joined
from transcriber.imports.clock import clock
from transcriber.imports.content import (
    ImportedSegment,
    ImportedTranscript,
    ImportedWord,
    ImportFormat,
)
from transcriber.imports.problems import Omissions, problem, shown

_ARROW = "-->"
_TAG = re.compile(r"<[^<>]{0,500}>")
# Styles of SubStation Alpha that converters leave in SRT.
_OVERRIDE = re.compile(r"\{\\[^{}]{0,200}\}")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{0,100})?\s++([^<>]{1,500})>|</v>")
_WORD_TIME = re.compile(r"<(\d[\d:.]{4,20})>")
# A name before the first word, as players show it: `Ada: Good morning.` or `[Ada] Good morning.`
_PREFIX = re.compile(r"(?:\[([^\[\]:]{1,60})\]:?|([^\W\d_][^:.!?\[\]]{0,39}):)\s+(?=\S)")

# The number of a cue, or a damaged line with times.
_LIKE_HEAD = re.compile(r"\d+$|\d{1,4}:\d{1,2}[:.,]", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cue:
    """Lines of a cue, with the number of the first one."""

    start: float
    end: float
    line: int
    lines: list[str]


def read_srt(text: str) -> ImportedTranscript:
    """Read SubRip subtitles.

    A name and a colon before the text are the speaker, also of later cues, if the first cue or a
    third of all have one.

    Raises:
        ValidationError: they are malformed.
    """
    omissions = Omissions()
    segments = []
    for cue in _srt_cues(text.split("\n")):
        plain = _plain(joined(cue.lines)).strip()
        if plain:
            segments.append(ImportedSegment(start=cue.start, end=cue.end, text=plain))
        else:
            omissions.add("cues without text")
    return ImportedTranscript(
        format=ImportFormat.SRT,
        segments=_with_prefixed_speakers(segments),
        notes=omissions.notes(),
    )


def read_vtt(text: str) -> ImportedTranscript:
    """Read WebVTT subtitles with voice tags and times of words.

    Raises:
        ValidationError: they are malformed.
    """
    omissions = Omissions()
    segments: list[ImportedSegment] = []
    for cue in _vtt_cues(text.split("\n"), omissions):
        found = list(_voices(cue))
        if not found:
            omissions.add("cues without text")
        segments.extend(found)
    if not any(segment.speaker for segment in segments):
        segments = _with_prefixed_speakers(segments)
    return ImportedTranscript(format=ImportFormat.VTT, segments=segments, notes=omissions.notes())


def _srt_cues(lines: Sequence[str]) -> list[_Cue]:
    cues: list[_Cue] = []
    for number, block in _blocks(lines):
        head = 0 if _ARROW in block[0] else 1
        if head < len(block) and _ARROW in block[head]:
            start, end = _times(block[head], number + head)
            found = _Cue(start=start, end=end, line=number + head + 1, lines=block[head + 1 :])
            cues.append(found)
        elif cues and not _LIKE_HEAD.match(block[0]):
            # Empty lines within the text of a cue.
            cues[-1].lines.extend(block)
        elif len(block) > 1 or not block[0].isdecimal():
            raise problem(f"{shown(block[0])} is not the time of a cue.", line=number)
    return cues


def _vtt_cues(lines: Sequence[str], omissions: Omissions) -> Iterator[_Cue]:
    for number, block in _blocks(lines):
        if number == 1 or block[0].split()[0] in {"STYLE", "REGION", "NOTE"}:
            kind = block[0].split()[0].lower()
            if kind == "note":
                omissions.add("comments")
            continue
        head = 0 if _ARROW in block[0] else 1
        if head >= len(block) or _ARROW not in block[head]:
            raise problem(f"{shown(block[0])} is not the time of a cue.", line=number)
        start, end = _times(block[head], number + head)
        yield _Cue(start=start, end=end, line=number + head + 1, lines=block[head + 1 :])


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield runs of lines with text, and the number of the first one, from 1."""
    block: list[str] = []
    first = 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            first = first if block else number
            block.append(line.strip())
        elif block:
            yield first, block
            block = []
    if block:
        yield first, block


def _times(line: str, number: int) -> tuple[float, float]:
    begin, _, rest = line.partition(_ARROW)
    settings = rest.split()
    if not settings:
        raise problem("A cue has no end.", line=number)
    start, end = clock(begin.strip(), number), clock(settings[0], number)
    if end < start:
        raise problem("A cue ends before it starts.", line=number)
    return start, end


def _plain(text: str) -> str:
    return _unescaped(_TAG.sub("", _OVERRIDE.sub("", text)))


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError as error:
        # Python refuses to convert thousands of digits.
        raise problem("A character reference such as &#233; has too many digits.") from error


def _voices(cue: _Cue) -> Iterator[ImportedSegment]:
    """Yield the passages of a cue, one per voice."""
    text = joined(cue.lines)
    pieces: list[tuple[str, str]] = []
    speaker, position = "", 0
    for match in _VOICE.finditer(text):
        pieces.append((speaker, text[position : match.start()]))
        speaker = _unescaped(match[1] or "").strip()
        position = match.end()
    pieces.append((speaker, text[position:]))
    spoken = [(name, piece) for name, piece in pieces if _plain(piece).strip()]
    total = sum(len(_plain(piece)) for _, piece in spoken)
    length, start = cue.end - cue.start, cue.start
    for place, (name, piece) in enumerate(spoken, start=1):
        share = len(_plain(piece)) / total
        end = cue.end if place == len(spoken) else start + length * share
        words = _timed_words(piece, start, end, cue.line)
        yield ImportedSegment(
            start=start, end=end, text=_plain(piece).strip(), speaker=name, words=words
        )
        start = end


def _timed_words(text: str, start: float, end: float, line: int) -> tuple[ImportedWord, ...]:
    """Return the words of a cue with times of words, none if it has only those of passages."""
    parts = _WORD_TIME.split(text)
    if len(parts) == 1:
        return ()
    marks = [start, *(clock(mark, line) for mark in parts[1::2]), end]
    if any(not start <= mark <= end for mark in marks) or marks != sorted(marks):
        raise problem("Times of words are not in order within their cue.", line=line)
    words = [
        ImportedWord(text=plain, start=marks[place], end=marks[place + 1])
        for place, part in enumerate(parts[::2])
        if (plain := _plain(part).strip())
    ]
    return tuple(words) if all(len(word.text.split()) == 1 for word in words) else ()


def _with_prefixed_speakers(segments: Sequence[ImportedSegment]) -> list[ImportedSegment]:
    """Return cues with the names before their texts as speakers, if names are usual there."""
    found = [_PREFIX.match(segment.text) for segment in segments]
    named = sum(match is not None for match in found)
    names = {(match[1] or match[2]).strip() for match in found if match}
    usual = named * 3 >= len(segments) or found[0] is not None
    if not named or not usual or len(names) > max(2, named // 2):
        return list(segments)
    result: list[ImportedSegment] = []
    speaker = ""
    for segment, match in zip(segments, found, strict=True):
        if match is not None:
            speaker = (match[1] or match[2]).strip()
        text = segment.text if match is None else segment.text[match.end() :]
        result.append(
            ImportedSegment(start=segment.start, end=segment.end, text=text, speaker=speaker)
        )
    return result
