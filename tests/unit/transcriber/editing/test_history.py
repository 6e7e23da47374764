"""Undo, redo, and sequences of edits by several authors."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ApplicationError
from tests.unit.transcriber.editing.transcripts import LABELS, Edited, segment
from transcriber.domain.transcripts import NameSource
from transcriber.editing import operations as ops
from transcriber.editing import views
from transcriber.editing.editor import execute
from transcriber.editing.effects import revert
from transcriber.editing.errors import BuiltUponError, EditConflictError, InvalidEditError
from transcriber.editing.history import unwind
from transcriber.editing.items import NO_NAME, Naming, Stamp, WordItem


def test_undo_and_redo() -> None:
    edited = Edited()
    word = edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="were you or"))
    edited.edit(ops.SplitSegment(word=edited.word("or")))
    changed = edited.segments()
    assert edited.undo()
    assert edited.undo()
    assert not edited.undo()
    assert edited.segments() == edited.segments(1)
    assert edited.redo()
    assert edited.redo()
    assert not edited.redo()
    assert edited.segments() == changed


def test_a_new_edit_ends_redo() -> None:
    edited = Edited()
    edited.edit(ops.SetStarred(segment=edited.segment(0), starred=True))
    edited.undo()
    edited.edit(ops.SetStarred(segment=edited.segment(1), starred=True))
    assert not edited.redo()


def test_undo_takes_back_own_edits_only() -> None:
    edited = Edited()
    edited.edit(ops.SplitSegment(word=edited.word("how")), author="ann")
    edited.edit(ops.SetStarred(segment=edited.segment(2), starred=True), author="bob")
    edited.undo("ann")
    assert edited.segments()[1].starred
    assert len(edited.segments()) == 3


def test_undo_is_refused_where_others_built_on_it() -> None:
    edited = Edited()
    word = edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="were you"), author="ann")
    inserted = edited.word("were")
    edited.edit(ops.ReplaceWords(first=inserted, last=inserted, text="where"), author="bob")
    with pytest.raises(BuiltUponError) as caught:
        edited.undo("ann")
    assert {item.revision for item in caught.value.collisions} == {3}
    edited.undo("bob")
    assert edited.undo("ann")
    assert edited.segments() == edited.segments(1)


def test_redo_does_not_merge_speakers_in_a_circle() -> None:
    edited = Edited()
    edited.edit(ops.MergeSpeakers(speaker="Speaker_1", into="Speaker_2"), author="ann")
    edited.undo("ann")
    edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"), author="bob")
    with pytest.raises(InvalidEditError, match="circle"):
        edited.redo("ann")


def test_followed_names_belong_to_whoever_gave_them() -> None:
    edited = Edited()
    edited.edit(ops.AssignNames(names={"Speaker_1": "Ada"}, profiles={"Speaker_1": 7}))
    document = edited.document()
    speaker = document.speaker("Speaker_1")
    assert speaker.name == Naming("Ada", NameSource.CONFIRMED, 7, 1.0)
    speaker.name = speaker.name._replace(name="Ada Lovelace")
    speaker.touch("name", 3)
    revert(document, edited.effects[2], batch=2, revision=4)
    assert speaker.name == NO_NAME
    assert speaker.stamp("name") == Stamp(0, 4)


def test_suggestions_are_not_kept_in_the_history() -> None:
    edited = Edited()
    document = edited.document()
    document.speaker("Speaker_1").name = Naming("Bob", NameSource.SUGGESTED, 9, 0.8)
    naming = ops.AssignNames(names={"Speaker_1": "Ada"})
    effects = execute(document, [naming], base=1, revision=2, author="ann", labels=LABELS)
    assert [change.before for change in effects.changes] == [NO_NAME]


def test_names_of_one_speaker_collide() -> None:
    edited = Edited()
    edited.edit(ops.AssignNames(names={"Speaker_1": "Ada"}), author="ann")
    with pytest.raises(EditConflictError):
        edited.edit(ops.AssignNames(names={"Speaker_1": "Bob"}), base=1, author="bob")
    edited.edit(ops.AssignNames(names={"Speaker_2": "Bob"}), base=1, author="bob")
    edited.edit(ops.AssignNames(names={"Speaker_1": "Eve"}), author="bob")
    with pytest.raises(BuiltUponError):
        edited.undo("ann")


def test_unknown_speakers_cannot_be_named() -> None:
    with pytest.raises(InvalidEditError):
        Edited().edit(ops.AssignNames(names={"Speaker_9": "Ada"}))


_TEXTS = st.lists(
    st.sampled_from(["yes", "no", "good", "you", "3", "你好", "fine"]), min_size=1, max_size=4
).map(" ".join)
_AUTHORS = ("ann", "bob")


@st.composite
def operation(draw: st.DrawFn, edited: Edited) -> ops.Operation:
    """Draw an operation on items of the transcript, dead ones included."""
    document = edited.document()
    items = list(document)
    words = [item.id for item in items if isinstance(item, WordItem)]
    parts = [item.id for item in items if not isinstance(item, WordItem)]
    place = draw(st.integers(0, len(words) - 1))
    first, last = words[place], words[min(len(words) - 1, place + draw(st.integers(0, 3)))]
    part = draw(st.sampled_from(parts))
    makers: list[Callable[[], Any]] = [
        lambda: ops.ReplaceWords(first=first, last=last, text=draw(_TEXTS)),
        lambda: ops.DeleteWords(first=first, last=last),
        lambda: ops.InsertWords(segment=part, after=None, text=draw(_TEXTS)),
        lambda: ops.InsertWords(
            segment=document.segment_of(first).id, after=first, text=draw(_TEXTS)
        ),
        lambda: ops.SplitSegment(word=first),
        lambda: ops.MergeSegments(first=part, second=draw(st.sampled_from(parts))),
        lambda: ops.MoveEdges(
            segment=part,
            start=draw(st.none() | st.floats(0.0, 9.0)),
            end=draw(st.none() | st.floats(0.0, 9.0)),
        ),
        lambda: ops.SetSpeaker(first=first, last=last, speaker=draw(st.sampled_from(LABELS))),
        lambda: ops.MergeSpeakers(
            speaker=draw(st.sampled_from(LABELS)), into=draw(st.sampled_from(LABELS))
        ),
        lambda: ops.AssignNames(
            names={draw(st.sampled_from(LABELS)): draw(st.sampled_from(["", "Ada", "Bob"]))}
        ),
        lambda: ops.SetReviewed(segment=part, reviewed=draw(st.booleans())),
        lambda: ops.SetStarred(segment=part, starred=draw(st.booleans())),
    ]
    made: ops.Operation = draw(st.sampled_from(makers))()
    return made


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_edits_of_several_authors_can_all_be_taken_back(data: st.DataObject) -> None:
    edited = Edited()
    for _ in range(data.draw(st.integers(1, 12))):
        author = data.draw(st.sampled_from(_AUTHORS))
        action = data.draw(st.sampled_from(["edit", "edit", "edit", "undo", "redo"]))
        with contextlib.suppress(ApplicationError):
            if action == "undo":
                edited.undo(author)
            elif action == "redo":
                edited.redo(author)
            else:
                batch = data.draw(st.lists(operation(edited), min_size=1, max_size=2))
                base = data.draw(st.integers(1, edited.revision))
                edited.edit(*batch, base=base, author=author)
        check_times(edited)
    check_unwinding(edited)
    taken_back = True
    while taken_back:
        taken_back = False
        for author in _AUTHORS:
            with contextlib.suppress(BuiltUponError, InvalidEditError):
                taken_back = edited.undo(author) or taken_back
    assert edited.segments() == edited.segments(1)
    assert {speaker.name for speaker in edited.document().speakers} <= {NO_NAME}


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=6), data=st.data())
def test_no_word_that_a_person_wrote_is_lost(texts: list[str], data: st.DataObject) -> None:
    edited = Edited((segment("Speaker_1", "one two three four five six", 0.0),))
    words = [word.id for word in edited.segments()[0].words]
    written: dict[Any, str] = {}
    for text in texts:
        place = data.draw(st.integers(0, len(words) - 1))
        author = data.draw(st.sampled_from(_AUTHORS))
        replacement = ops.ReplaceWords(first=words[place], last=words[place], text=text)
        with contextlib.suppress(ApplicationError):
            edited.edit(replacement, base=1, author=author)
            written[words[place]] = text
    shown = "".join(edited.lines()[0][1].split())
    position = 0
    for word in words:
        if word in written:
            said = "".join(written[word].split())
            found = shown.find(said, position)
            assert found >= 0
            position = found + len(said)


def check_unwinding(edited: Edited) -> None:
    """Assert that going back from the newest revision gives the earlier ones."""
    document = edited.document()
    for entry in reversed(edited.entries):
        unwind(document, entry, edited.effects[entry.target or entry.revision])
        assert views.segments(document) == edited.segments(entry.revision - 1)


def check_times(edited: Edited) -> None:
    """Assert that times neither run backwards nor leave their segment."""
    last = 0.0
    for view in edited.segments():
        assert last <= view.start <= view.end
        last = view.start
        earliest = view.start
        for word in view.words:
            assert earliest <= word.start <= word.end <= view.end
            earliest = word.start
