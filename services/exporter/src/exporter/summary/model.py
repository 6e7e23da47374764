"""What a summary is: statements and action items that cite the segments they rest on."""

from dataclasses import dataclass

EXTRACTIVE = "extractive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A sentence and the numbers of the segments that it rests on (at least one).

    `speaker` is the name of who said it, where it is quoted and several people took part.
    """

    text: str
    segments: tuple[int, ...]
    speaker: str = ""

    @property
    def attributed(self) -> str:
        """The sentence with who said it before it."""
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionItem:
    """Something that somebody undertook or was asked to do.

    `owner` is a name, empty when it was not said; `due` is what was said, empty when nothing was.
    `start` is when it was said, in seconds from the beginning of the recording.
    """

    text: str
    segment: int
    start: float
    owner: str = ""
    due: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """Statements and action items in order of time.

    `method` is `extractive` or the name of a language model. `coverage` is the share of the
    segments that the method read, 0 to 1. `warnings` say what the reader should know, for example
    that the language model could not be reached.
    """

    statements: tuple[Statement, ...]
    action_items: tuple[ActionItem, ...]
    method: str = EXTRACTIVE
    coverage: float = 1.0
    warnings: tuple[str, ...] = ()

    @property
    def cited_segments(self) -> frozenset[int]:
        """Numbers of all segments that something rests on."""
        cited = {index for statement in self.statements for index in statement.segments}
        return frozenset(cited | {item.segment for item in self.action_items})
