"""SubRip subtitles."""

from collections.abc import Iterator

from exporter.clock import precise_clock
from exporter.cues import Cue, cues
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

# SubRip has no escapes. Players interpret `<…>` and `{\…}` as markup and `-->` as a time, so
# similar characters replace them.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def without_markup(text: str) -> str:
    """Return the text on one line, without anything that players interpret as markup."""
    return one_line(text.replace("-->", "→")).translate(_LOOKALIKES)


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render cues of at most two lines. The first cue of a turn starts with the speaker's name."""
    return encoded(
        _cue(document, number, cue) for number, cue in enumerate(cues(document), start=1)
    )


def _cue(document: Document, number: int, cue: Cue) -> str:
    start = precise_clock(cue.start, separator=",")
    end = precise_clock(cue.end, separator=",")
    name = without_markup(document.name_of(cue.speaker_label))
    lines = cue.lines(f"{name}: " if cue.begins_turn and name else "")
    text = "\n".join(map(without_markup, lines))
    return f"{number}\n{start} --> {end}\n{text}\n\n"
