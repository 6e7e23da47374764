"""Revision marks of WordprocessingML: insertions and deletions with author and time."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

from exporter.changes import Changes, Mark
from exporter.docx.markup import run
from exporter.safe_text import xml_text
from exporter.tracked import Span

_UNKNOWN = Mark(author="SecureTranscribe", moment=datetime(1970, 1, 1, tzinfo=UTC))


class RevisionMarks:
    """Revision marks of one document, numbered from 1."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._numbers = itertools.count(1)

    def runs(self, span: Span, *, bold: bool = False, color: str = "") -> Iterator[str]:
        """Yield a span as runs. Blanks around the text stay."""
        if not span.changed:
            yield _text(span.after, bold=bold, color=color)
            return
        if span.before:
            content = _text(span.before, bold=bold, color=color, deleted=True)
            yield f"<w:del {self._attributes(span.revision)}>{content}</w:del>"
        if span.after:
            content = _text(span.after, bold=bold, color=color)
            yield f"<w:ins {self._attributes(span.revision)}>{content}</w:ins>"

    def note(self, text: str, span: Span, *, color: str, size: int) -> str:
        """Return a run next to a name, inserted or deleted as a whole with it."""
        deleted = not span.after
        content = run(text, color=color, size=size, before="  ", deleted=deleted)
        if span.before and span.after:
            return content
        tag = "w:del" if deleted else "w:ins"
        return f"<{tag} {self._attributes(span.revision)}>{content}</{tag}>"

    def of_paragraph(self, span: Span) -> str:
        """Return the mark of a paragraph whose speaker is in one of the revisions only."""
        if span.before and span.after:
            return ""
        tag = "w:ins" if span.after else "w:del"
        return f"<{tag} {self._attributes(span.revision)}/>"

    def _attributes(self, revision: int) -> str:
        mark = self._changes.marks.get(revision, _UNKNOWN)
        moment = f"{mark.moment:%Y-%m-%dT%H:%M:%SZ}"
        author = xml_text(mark.author)
        return f'w:id="{next(self._numbers)}" w:author="{author}" w:date="{moment}"'


def _text(text: str, *, bold: bool, color: str, deleted: bool = False) -> str:
    lead = " " if text[:1].isspace() else ""
    trail = " " if text.strip() and text[-1:].isspace() else ""
    return run(text, bold=bold, color=color, before=lead, after=trail, deleted=deleted)
