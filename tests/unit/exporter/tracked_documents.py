"""A meeting with changes of every kind between two revisions."""

from dataclasses import replace
from datetime import UTC, datetime

from exporter.changes import Changes, Difference, Mark, Piece
from exporter.document import Document
from tests.unit.exporter.documents import document, segment

#: Turns as they were, and as they are.
EARLIER = [
    ("Anna", "Good morning everybody."),
    ("Anna", "Shall we begin with budget?"),
    ("Anna", "Yes, we do <b>."),
    ("Ben", "Um, well."),
    ("Ben", "Thank you."),
]
LATER = [
    ("Anna", "Good evening, everybody."),
    ("Anna", "Shall we begin with the budget?"),
    ("Ben", "Yes, we do <b>."),
    ("Ben", "Thank you."),
    ("Ben", "Bye & {goodbye}."),
]


def tracked() -> Document:
    """Return a document with words replaced, inserted, given to another speaker and deleted."""
    said = document(
        [
            segment(0, "Speaker_1", "Good evening, everybody.", 0.0, 2.0),
            segment(1, "Speaker_1", "Shall we begin with the budget?", 2.5, 5.0),
            segment(2, "Speaker_2", "Yes, we do <b>.", 5.5, 9.0),
            segment(3, "Speaker_2", "Thank you.", 12.5, 15.0),
            segment(4, "Speaker_2", "Bye & {goodbye}.", 15.5, 16.0),
        ],
        names={"Speaker_1": "Anna", "Speaker_2": "Ben"},
    )
    segments = tuple(replace(one, id=f"1.{one.index}") for one in said.segments)
    return replace(said, segments=segments, revision=4, changes=changes())


def changes() -> Changes:
    """Return the changes of the document since its machine version."""
    greeting = (
        piece("Good", "Good", 0),
        piece(" morning", " evening,", 0, revision=2),
        piece(" everybody.", " everybody.", 0),
    )
    question = (
        piece("Shall we begin with", "Shall we begin with", 1),
        Piece(before="", after=" the", before_segment="", after_segment="1.1", revision=3),
        piece(" budget?", " budget?", 1),
    )
    moved = Piece(
        before=" Yes, we do <b>.",
        after="Yes, we do <b>.",
        before_segment="1.1",
        after_segment="1.2",
    )
    gone = Piece(before="Um, well.", after="", before_segment="1.9", after_segment="", revision=4)
    new = Piece(
        before="", after="Bye & {goodbye}.", before_segment="", after_segment="1.4", revision=4
    )
    anna, ben = {"1.0": "Anna", "1.1": "Anna"}, {"1.9": "Ben"}
    return Changes(
        since=1,
        revision=4,
        differences=(
            Difference(pieces=greeting, speakers=anna, start=0.0, end=2.0, revision=2),
            Difference(pieces=(*question, moved), speakers=anna, start=2.5, end=9.0, revision=3),
            Difference(pieces=(gone,), speakers=ben, start=9.5, end=12.0, revision=4),
            Difference(pieces=(new,), speakers={}, start=15.5, end=16.0, revision=4),
        ),
        speakers={"1.0": "Anna", "1.1": "Anna", "1.3": "Ben", "1.9": "Ben"},
        marks={
            number: Mark(author="Editor", moment=datetime(2026, 11, 2, number, tzinfo=UTC))
            for number in (2, 3, 4)
        },
    )


def piece(before: str, after: str, number: int, *, revision: int = 0) -> Piece:
    """Return a piece of a segment that is in both revisions."""
    own = f"1.{number}"
    return Piece(
        before=before, after=after, before_segment=own, after_segment=own, revision=revision
    )
