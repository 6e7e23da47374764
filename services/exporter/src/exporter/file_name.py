"""A safe, readable name for a downloaded document."""

import re
import unicodedata
from urllib.parse import quote

from exporter.safe_text import one_line

# What Windows, shells or URLs would trip over. Dots are kept inside a name, not at its ends.
_UNSAFE = re.compile(r'[\\/:*?"<>|;%\x00-\x1f]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 120  # bytes of UTF-8, extension and suffix aside; file systems allow 255 in all


def document_name(title: str, extension: str) -> str:
    """`Weekly meeting` and `pdf` become `Weekly meeting-transcript.pdf`."""
    name = _UNSAFE.sub(" ", unicodedata.normalize("NFC", one_line(title)))
    name = " ".join(re.sub(r"\.{2,}", " ", name).split()).strip(" .-_~")
    name = _cut(name).rstrip(" .")
    if not name or _RESERVED.fullmatch(name):
        name = "recording"
    return f"{name}-transcript.{extension}"


def content_disposition(name: str) -> str:
    """A header value that offers the file under its name, also to clients that know only ASCII."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'["\\\s]+', " ", _UNSAFE.sub(" ", plain)).strip(" .-_")
    stem, dot, extension = name.rpartition(".")
    if not plain or plain == extension or plain.startswith("transcript."):
        plain = f"transcript.{extension}" if dot and stem else "transcript"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _cut(name: str) -> str:
    """At most `_LONGEST` bytes, never in the middle of a character."""
    return name.encode()[:_LONGEST].decode(errors="ignore")
