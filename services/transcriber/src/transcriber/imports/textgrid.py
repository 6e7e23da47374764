"""Praat TextGrid in its text formats, long and short.

Praat reads numbers, texts in double quotes and flags in angle brackets that stand by themselves.
Everything else is for people. Both formats are the same then.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from transcriber.imports.clock import number
from transcriber.imports.content import ImportedTranscript, ImportFormat
from transcriber.imports.problems import Omissions, problem, shown
from transcriber.imports.tiers import MOST_TIERS, Annotation, Tier, segments_of

_TOKEN = re.compile(r'"(?:[^"]++|"")*+"|![^\n]*|\n|"|[^\s"!]+')
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?%?", re.ASCII)
_MOST_DIGITS = 9


class _Token(NamedTuple):
    """A text, number or flag as it is written."""

    kind: str
    text: str
    line: int


def read_textgrid(text: str) -> ImportedTranscript:
    """Read the interval tiers as speakers.

    Raises:
        ValidationError: the file is malformed.
    """
    reader = _Reader(text)
    reader.text("the file type")
    if (kind := reader.text("the object class")) != "TextGrid":
        raise problem(f"The file has an object of the class {shown(kind)}, not a TextGrid.")
    reader.number("start")
    reader.number("end")
    reader.flag()
    omissions = Omissions()
    tiers = []
    for _ in range(reader.count("tiers", MOST_TIERS)):
        tier = _tier(reader, omissions)
        if tier is not None:
            tiers.append(tier)
    return ImportedTranscript(
        format=ImportFormat.TEXTGRID,
        segments=segments_of(tiers, omissions),
        notes=omissions.notes(),
    )


def _tier(reader: "_Reader", omissions: Omissions) -> Tier | None:
    kind = reader.text("the class of a tier")
    name = reader.text("the name of a tier").strip()
    reader.number("start of a tier")
    reader.number("end of a tier")
    entries = reader.count("intervals or points")
    if kind == "TextTier":
        for _ in range(entries):
            reader.number("time of a point")
            reader.text("the text of a point")
        omissions.add("points", entries)
        return None
    if kind != "IntervalTier":
        raise problem(f"{shown(kind)} is not a class of tiers.", line=reader.line)
    annotations = []
    for _ in range(entries):
        start, end = reader.number("start of an interval"), reader.number("end of an interval")
        if end < start:
            raise problem("An interval ends before it starts.", line=reader.line)
        label = " ".join(reader.text("the text of an interval").split())
        annotations.append(Annotation(start=max(0.0, start), end=max(0.0, end), text=label))
    return Tier(name=name, speaker=name, annotations=annotations)


class _Reader:
    """Reads the tokens of a file in order, and raises ValidationError for others than expected."""

    def __init__(self, text: str) -> None:
        self.line = 1
        self._tokens = self._scan(text)

    def text(self, what: str) -> str:
        """Return the next text."""
        token = self._next(what)
        if token.kind != "text":
            raise problem(f"{shown(token.text)} is in the place of {what}.", line=token.line)
        return token.text[1:-1].replace('""', '"')

    def number(self, what: str) -> float:
        """Return the next number."""
        token = self._next(f"the {what}")
        if token.kind != "number":
            raise problem(f"{shown(token.text)} is in the place of the {what}.", line=token.line)
        return number(token.text, token.line)

    def count(self, what: str, most: int = 1_000_000) -> int:
        """Return the next number as one of things that follow."""
        token = self._next(f"the number of {what}")
        usual = token.text.isascii() and token.text.isdigit() and len(token.text) <= _MOST_DIGITS
        if not usual or int(token.text) > most:
            raise problem(f"{shown(token.text)} is not the number of {what}.", line=token.line)
        return int(token.text)

    def flag(self) -> None:
        """Check that there are tiers."""
        if self._next("the flag for tiers").text != "<exists>":
            raise problem("The TextGrid has no tiers.", line=self.line)

    def _next(self, what: str) -> _Token:
        token = next(self._tokens, None)
        if token is None:
            raise problem(f"The file ends before {what}.", line=self.line)
        self.line = token.line
        return token

    def _scan(self, text: str) -> Iterator[_Token]:
        line = 1
        for match in _TOKEN.finditer(text):
            found = match[0]
            if found == "\n":
                line += 1
            elif found == '"':
                raise problem("A text in double quotes does not end.", line=line)
            elif found.startswith('"'):
                yield _Token("text", found, line)
                line += found.count("\n")
            elif _NUMBER.fullmatch(found):
                yield _Token("number", found, line)
            elif found.startswith("<") and found.endswith(">"):
                yield _Token("flag", found, line)
