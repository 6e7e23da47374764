"""Turns with tracked changes."""

import itertools
import random
from dataclasses import replace

import pytest

from exporter.changes import Changes, Difference, Piece
from exporter.document import Document
from exporter.tracked import Span, TrackedTurn, tracked_turns
from tests.unit.exporter.documents import document, meeting, segment
from tests.unit.exporter.tracked_documents import EARLIER, LATER, tracked


def sides(turns: list[TrackedTurn]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the speakers and texts of both revisions, consecutive ones of a speaker as one."""
    before = [
        (turn.before, "".join(span.before for span in turn.spans)) for turn in turns if turn.before
    ]
    after = [
        (turn.after, "".join(span.after for span in turn.spans)) for turn in turns if turn.after
    ]
    return merged(before), merged(after)


def merged(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (speaker, " ".join(text for _, text in group))
        for speaker, group in itertools.groupby(rows, key=lambda row: row[0])
    ]


def test_both_revisions_can_be_read_from_the_turns() -> None:
    before, after = sides(list(tracked_turns(tracked())))
    assert before == merged(EARLIER)
    assert after == merged(LATER)


def test_speakers_and_whole_passages_are_marked() -> None:
    turns = list(tracked_turns(tracked()))
    assert [(turn.before, turn.after, turn.start) for turn in turns] == [
        ("Anna", "Anna", 0.0),
        ("Anna", "Ben", 5.5),
        ("Ben", "", 9.5),
        ("Ben", "Ben", 12.5),
        ("", "Ben", 15.5),
    ]
    assert [span for span in turns[0].spans if span.changed] == [
        Span(before="morning", after="evening,", revision=2),
        Span(before="", after=" the", revision=3),
    ]


def test_a_document_without_changes_has_none() -> None:
    turns = list(tracked_turns(meeting()))
    assert not any(span.changed for turn in turns for span in (turn.speaker, *turn.spans))
    assert "".join(span.after for span in turns[0].spans) == (
        "Good morning everybody. Shall we begin with the budget?"
    )


@pytest.mark.parametrize("seed", range(20))
def test_texts_of_random_changes_are_exact(seed: int) -> None:
    dice = random.Random(seed)
    made = _random_document(dice)
    (turn,) = tracked_turns(made)
    assert made.changes is not None
    (difference,) = made.changes.differences
    assert "".join(span.after for span in turn.spans) == made.segments[0].text
    earlier = "".join(piece.before for piece in difference.pieces)
    assert "".join(span.before for span in turn.spans) == earlier


def _random_document(dice: random.Random) -> Document:
    """Return a document of one segment with random words replaced, inserted and deleted."""
    rows = [dice.choice("=x+-") for _ in range(dice.randint(1, 8))]
    pieces: list[Piece] = []
    before = after = ""
    for number, kind in enumerate([*rows, "="]):
        old = "" if kind == "+" else f"old{number}"
        new = "" if kind == "-" else old if kind == "=" else f"new{number}"
        old, new = (f" {old}" if before and old else old), (f" {new}" if after and new else new)
        before, after = before + old, after + new
        pieces.append(
            Piece(
                before=old,
                after=new,
                before_segment="1.0" if old else "",
                after_segment="1.0" if new else "",
                revision=0 if kind == "=" else 2,
            )
        )
    difference = Difference(
        pieces=tuple(pieces), speakers={"1.0": "Speaker_1"}, start=0.0, end=1.0, revision=2
    )
    made = document([segment(0, "Speaker_1", after, 0.0, 1.0)])
    return replace(
        made,
        segments=(replace(made.segments[0], id="1.0"),),
        changes=Changes(since=1, revision=2, differences=(difference,)),
    )
