"""Single fields of line-based formats, whose separator is a blank."""

import re

from exporter.document import Document
from exporter.safe_text import one_line

# pyannote.database reads the file with pandas, which takes these fields for missing values and
# leaves out their recordings. Nothing protects a field from that, quotes included.
_MISSING = frozenset({
    "#N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip


def token(text: str) -> str:
    """Return the text as a single field that every reader takes for the same text.

    Blanks become underscores and double quotes single ones. A word for missing values gets an
    underscore: `NA` becomes `NA_`.
    """
    field = re.sub(r"\s+", "_", one_line(text)).replace('"', "'")
    return f"{field}_" if field in _MISSING else field


def unique_tokens(document: Document) -> dict[str, str]:
    """Return a distinct field per speaker label, numbered where two names give the same field."""
    fields: dict[str, str] = {}
    taken: set[str] = set()
    for speaker in document.speakers:
        field = token(document.name_of(speaker.label)) or "unknown"
        number = 2
        candidate = field
        while candidate in taken:
            candidate, number = f"{field}_{number}", number + 1
        taken.add(candidate)
        fields[speaker.label] = candidate
    return fields


def recording(document: Document) -> str:
    """Return the name of the recording as a field that never starts a comment (`;;`)."""
    field = token(document.title) or "recording"
    return f"_{field}" if field.startswith(";") else field
