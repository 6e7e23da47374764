"""SubRip subtitles."""

from collections.abc import Iterator

from exporter.clock import precise_clock
from exporter.cues import Cue, balanced_lines, cues
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

# SubRip knows no escapes. Players take `<…>` and `{\…}` for markup and `-->` for a time, so look-
# alikes stand for them.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def plain(text: str) -> str:
    """The text on one line, and nothing in it that a player takes for markup."""
    return one_line(text.replace("-->", "→")).translate(_LOOKALIKES)


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Cues of at most two lines; a speaker's name stands before the first one of each turn."""
    return encoded(
        _cue(document, number, cue) for number, cue in enumerate(cues(document), start=1)
    )


def _cue(document: Document, number: int, cue: Cue) -> str:
    start = precise_clock(cue.start, separator=",")
    end = precise_clock(cue.end, separator=",")
    name = plain(document.name_of(cue.speaker_label))
    said = f"{name}: {cue.text}" if cue.begins_turn and name else cue.text
    text = "\n".join(balanced_lines(plain(said)))
    return f"{number}\n{start} --> {end}\n{text}\n\n"
