"""Removal of characters that are unsafe in every format.

Names and text are untrusted: they come from users, from speech recognition or from a language
model. Each format does its own escaping.
"""

import re

# Characters forbidden by XML 1.0 (no other format needs them either), lone surrogates, the byte
# order mark, and bidirectional controls, with which a name could reverse the rest of its line.
# Controls that separate words or lines are blanks instead.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\ufeff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_BLANKS = re.compile(r"[\s\u2028\u2029]+")

# Spreadsheets take a cell with such a start for a formula. Wide forms count as narrow ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "|", "%")


def one_line(text: str) -> str:
    """Remove forbidden characters and reduce every run of blanks and line breaks to one blank."""
    return _BLANKS.sub(" ", _FORBIDDEN.sub("", text)).strip()


def spreadsheet_cell(text: str) -> str:
    """Return the text on one line, with an apostrophe before it where it would be a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def xml_text(text: str) -> str:
    """Return the text on one line, escaped for XML content and attribute values."""
    line = one_line(text)
    if not any(mark in line for mark in "&<>\"'"):
        return line
    return (
        line.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )
