"""Comparison of revisions of different machine versions."""

import random

import pytest

from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited, segment
from transcriber.domain.transcripts import Segment
from transcriber.editing import operations as ops
from transcriber.editing import version_comparison, views
from transcriber.editing.comparison import Difference, PieceKind
from transcriber.editing.document import Document
from transcriber.editing.machine_version import items_of


def pieces(difference: Difference) -> list[tuple[str, str, str]]:
    return [(piece.kind, piece.before.text, piece.after.text) for piece in difference.pieces]


def machine(segments: tuple[Segment, ...], revision: int = 9) -> Document:
    return Document(items_of(segments, revision))


def test_same_words_of_another_version_do_not_differ() -> None:
    assert version_comparison.compare(machine(CONVERSATION, 1), machine(CONVERSATION), 9) == []


def test_words_heard_otherwise_are_replaced() -> None:
    later = (
        segment("Speaker_1", "good evening how are you", 0.0),
        segment("Speaker_2", "fine thanks", 3.0),
        segment("Speaker_1", "and you", 4.0),
        segment("Speaker_1", "very well indeed", 6.0),
    )
    first, second = version_comparison.compare(machine(CONVERSATION, 1), machine(later), 9)
    assert pieces(first) == [
        ("equal", "good", "good"),
        ("replaced", " morning", " evening"),
        ("equal", " how are you", " how are you"),
    ]
    assert [piece.revision for piece in first.pieces] == [0, 9, 0]
    assert [str(view.id) for view in first.after] == ["9.0"]
    assert [str(item) for item in first.pieces[1].after.words] == ["9.2"]
    assert pieces(second) == [
        ("equal", "fine thanks", "fine thanks"),
        ("equal", " and you", "and you"),
    ]
    assert [view.label for view in second.after] == ["Speaker_2", "Speaker_1"]


def test_edits_of_an_earlier_version_are_compared() -> None:
    memory = Edited()
    word = memory.word("morning")
    memory.edit(ops.ReplaceWords(first=word, last=word, text="evening"))
    (one,) = version_comparison.compare(memory.document(1), memory.document(2), 2)
    assert pieces(one)[1] == ("replaced", " morning", " evening")
    assert pieces(one)[0][0] == PieceKind.EQUAL


@pytest.mark.parametrize("seed", range(30))
def test_texts_of_both_versions_are_complete(seed: int) -> None:
    dice = random.Random(seed)
    before, after = machine(_random(dice), 1), machine(_random(dice))
    found = version_comparison.compare(before, after, 9)
    for side, document in (("before", before), ("after", after)):
        own = {view.id: view for view in views.segments(document)}
        listed = [view for one in found for view in getattr(one, side)]
        assert len({view.id for view in listed}) == len(listed)
        for view in listed:
            joined = "".join(
                getattr(piece, side).text
                for one in found
                for piece in one.pieces
                if getattr(piece, side).segment == view.id
            )
            assert joined == own.pop(view.id).text
    unchanged = [view.text for view in views.segments(before) if not _listed(found, view, "before")]
    assert unchanged == [
        view.text for view in views.segments(after) if not _listed(found, view, "after")
    ]


def _listed(found: list[Difference], view: views.SegmentView, side: str) -> bool:
    return any(view.id == other.id for one in found for other in getattr(one, side))


def _random(dice: random.Random) -> tuple[Segment, ...]:
    """Return segments with words of a small vocabulary at similar times."""
    made, start = [], 0.0
    for _ in range(dice.randint(1, 6)):
        text = " ".join(dice.choice(["yes", "no", "we", "go"]) for _ in range(dice.randint(1, 6)))
        made.append(segment(dice.choice(["Speaker_1", "Speaker_2"]), text, start))
        start = made[-1].end + 0.1
    return tuple(made)
