"""Summaries: statements and action items with the segments they cite."""

from dataclasses import dataclass

EXTRACTIVE = "extractive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Sentence of a summary with the indexes of the segments it cites, at least one.

    `speaker` is the name of the speaker of a quotation, if several people took part, and
    `speaker_label` the label.
    """

    text: str
    segments: tuple[int, ...]
    speaker: str = ""
    speaker_label: str = ""

    @property
    def attributed(self) -> str:
        """The sentence, with the speaker before it."""
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionItem:
    """Task that a participant took on or was given.

    `owner` is the name of the person responsible and `due` the due date in the words of the
    conversation. Both are empty when they were not mentioned. `segment` is the index of the source
    segment and `start` its start in seconds from the beginning of the recording.
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
    segments read by the method, 0 to 1. `warnings` are for readers, for example about a language
    model that was not available.
    """

    statements: tuple[Statement, ...]
    action_items: tuple[ActionItem, ...]
    method: str = EXTRACTIVE
    coverage: float = 1.0
    warnings: tuple[str, ...] = ()

    @property
    def cited_segments(self) -> frozenset[int]:
        """Indexes of all cited segments."""
        cited = {index for statement in self.statements for index in statement.segments}
        return frozenset(cited | {item.segment for item in self.action_items})
