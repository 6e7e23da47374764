"""Text that no format can stumble over.

Names and text come from outside: from users, from a recogniser, from a language model. Escaping is
each format's own matter; what no format may carry at all is taken out here.
"""

import re

# What XML 1.0 forbids, which no other format needs either, lone surrogates, the byte-order mark and
# the controls that reorder what a reader sees (a name must not turn the rest of its line around).
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\ufeff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_BLANKS = re.compile(r"[\s\u2028\u2029]+")

# A cell that begins so is a formula to a spreadsheet; the wide forms are taken for the narrow ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠", "|", "%")


def one_line(text: str) -> str:
    """The text on one line: forbidden characters gone, every run of blanks one blank."""
    return _BLANKS.sub(" ", _FORBIDDEN.sub("", text)).strip()


def spreadsheet_cell(text: str) -> str:
    """The text on one line, and never a formula: a leading apostrophe marks it as text."""
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def xml_text(text: str) -> str:
    """The text on one line, escaped for XML content and attribute values."""
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
