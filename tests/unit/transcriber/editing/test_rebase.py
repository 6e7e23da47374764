"""Repetition of edits on a new machine version."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ApplicationError
from tests.unit.transcriber.editing.test_history import check_times, operation
from tests.unit.transcriber.editing.transcripts import CONVERSATION, LABELS, Edited, segment
from transcriber.domain.transcripts import Segment, Word
from transcriber.editing import operations as ops
from transcriber.editing import views, wording
from transcriber.editing.conflicts import Conflict, ConflictKind
from transcriber.editing.correspondence import Labels
from transcriber.editing.document import Document
from transcriber.editing.errors import BuiltUponError, InvalidEditError
from transcriber.editing.history import Entry
from transcriber.editing.items import Times
from transcriber.editing.machine_version import items_of
from transcriber.editing.rebase import Rebased, rebase
from transcriber.editing.reinsertion import relabeled
from transcriber.editing.restoration import restore
from transcriber.names.rules import match_labels

_AUTHORS = ("ann", "bob")


def reprocessed(edited: Edited, machine: Sequence[Segment]) -> tuple[Edited, Rebased]:
    """Return the transcript with a new machine version under the edits."""
    first = edited.revision + 1
    found = rebase(
        Document(items_of(edited.machine, edited.first)),
        [(entry, edited.effects[entry.target or entry.revision]) for entry in edited.entries],
        Document(items_of(machine, first)),
        machine_revision=first,
        labels=Labels(match_labels(edited.machine, machine, LABELS), LABELS),
        is_automatic=lambda entry: entry.author == "vocabulary",
    )
    after = Edited(machine=tuple(machine), first=first)
    for batch in found.batches:
        after.entries.append(batch.entry)
        after.effects[batch.entry.revision] = batch.effects
    return after, found


def test_edits_of_words_that_stay_are_repeated() -> None:
    edited = Edited()
    word = edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="were"), author="ann")
    edited.edit(
        ops.InsertWords(segment=edited.segment(1), after=edited.word("fine"), text="many"),
        author="bob",
    )
    after, found = reprocessed(edited, CONVERSATION)
    assert after.lines() == edited.lines()
    assert [(batch.entry.author, batch.source) for batch in found.batches] == [
        ("ann", 2),
        ("bob", 3),
    ]
    assert not found.conflicts


def test_undone_edits_are_not_repeated() -> None:
    edited = Edited()
    edited.edit(ops.SplitSegment(word=edited.word("how")))
    edited.edit(ops.SetStarred(segment=edited.segment(2), starred=True), author="bob")
    edited.undo("ann")
    after, found = reprocessed(edited, CONVERSATION)
    assert [batch.source for batch in found.batches] == [3]
    assert [view.starred for view in after.segments()] == [False, True, False]


def test_text_of_a_person_wins_where_the_versions_differ() -> None:
    edited = Edited()
    first, last = edited.word("fine"), edited.word("thanks")
    edited.edit(ops.ReplaceWords(first=first, last=last, text="well thank you"))
    machine = (CONVERSATION[0], segment("Speaker_2", "find tanks and you", 3.0), CONVERSATION[2])
    after, found = reprocessed(edited, machine)
    assert after.lines()[1] == ("Speaker_2", "well thank you and you")
    (conflict,) = found.conflicts
    assert (conflict.was, conflict.mine, conflict.machine) == (
        "fine thanks",
        "well thank you",
        "find tanks",
    )
    assert conflict.placed
    assert conflict.source == 2
    assert conflict.start == pytest.approx(3.0)
    shown = {word.id: word.text for view in after.segments() for word in view.words}
    assert [shown[item] for item in conflict.written] == ["well", "thank", "you"]


def test_new_version_that_agrees_with_a_person_is_no_conflict() -> None:
    edited = Edited()
    word = edited.word("fine")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="great"))
    edited.edit(
        ops.InsertWords(segment=edited.segment(2), after=edited.word("well"), text="thanks")
    )
    machine = (
        CONVERSATION[0],
        segment("Speaker_2", "great thanks and you", 3.0),
        _spoken("Speaker_1", ("very", 6.0), ("well", 6.5), ("thanks", 6.9), ("indeed", 7.0)),
    )
    after, found = reprocessed(edited, machine)
    assert [text for _, text in after.lines()] == [text for _, text in edited.lines()]
    assert not found.conflicts


def test_deleted_words_that_are_heard_otherwise_stay_deleted() -> None:
    edited = Edited()
    word = edited.word("indeed")
    edited.edit(ops.DeleteWords(first=word, last=word))
    machine = (*CONVERSATION[:2], segment("Speaker_1", "very well in", 6.0))
    after, found = reprocessed(edited, machine)
    assert after.lines()[2][1] == "very well"
    (conflict,) = found.conflicts
    assert (conflict.was, conflict.mine, conflict.machine) == ("indeed", "", "in")


def test_words_without_a_place_are_kept_in_a_conflict() -> None:
    edited = Edited()
    word = edited.word("very")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="really quite"))
    after, found = reprocessed(edited, CONVERSATION[:1])
    assert after.lines() == [("Speaker_1", "good morning how are you")]
    (conflict,) = found.conflicts
    assert (conflict.mine, conflict.machine, conflict.placed) == ("really quite", "", False)
    assert not conflict.written


def test_words_without_neighbors_are_placed_by_their_time() -> None:
    edited = Edited((segment("Speaker_1", "good morning", 0.0),))
    place = edited.word("good")
    edited.edit(ops.ReplaceWords(first=place, last=edited.word("morning"), text="hello"))
    after, found = reprocessed(edited, (segment("Speaker_1", "yes indeed", 1.2),))
    assert after.lines() == [("Speaker_1", "hello yes indeed")]
    (conflict,) = found.conflicts
    assert (conflict.was, conflict.mine, conflict.machine) == (
        "good morning",
        "hello",
        "yes indeed",
    )


def test_speakers_follow_the_voices() -> None:
    edited = Edited()
    edited.edit(
        ops.SetSpeaker(first=edited.word("very"), last=edited.word("well"), speaker="Speaker_3")
    )
    edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"))
    renamed = {"Speaker_1": "Speaker_2", "Speaker_2": "Speaker_1"}
    machine = tuple(replace(item, label=renamed[item.label]) for item in CONVERSATION)
    after, found = reprocessed(edited, machine)
    new = found.labels["Speaker_3"]
    assert new not in LABELS
    assert after.lines() == [
        ("Speaker_2", "good morning how are you"),
        ("Speaker_2", "fine thanks and you"),
        (new, "very well"),
        ("Speaker_2", "indeed"),
    ]


def test_borders_are_repeated_between_the_same_words() -> None:
    edited = Edited()
    edited.edit(ops.SplitSegment(word=edited.word("how")))
    edited.edit(ops.MergeSegments(first=edited.segment(2), second=edited.segment(3)))
    machine = (
        segment("Speaker_1", "good morning", 0.0),
        segment("Speaker_1", "how are you", 1.0),
        *CONVERSATION[1:],
    )
    after, _ = reprocessed(edited, machine)
    assert after.lines() == edited.lines()


def test_reviews_of_other_words_are_asked_for_again() -> None:
    edited = Edited()
    for number in (0, 1):
        edited.edit(ops.SetReviewed(segment=edited.segment(number), reviewed=True))
    machine = (CONVERSATION[0], segment("Speaker_2", "fine thanks to you", 3.0), CONVERSATION[2])
    after, found = reprocessed(edited, machine)
    assert [view.reviewed for view in after.segments()] == [True, False, False]
    (conflict,) = found.conflicts
    assert (conflict.kind, conflict.was, conflict.machine) == (
        ConflictKind.REVIEW,
        "fine thanks and you",
        "fine thanks to you",
    )


def test_notes_and_edges_are_repeated() -> None:
    edited = Edited()
    edited.edit(
        ops.AddNote(first=edited.word("fine"), last=edited.word("thanks"), text="polite"),
        ops.MoveEdges(segment=edited.segment(2), start=5.5),
    )
    edited.edit(ops.ChangeNote(note=edited.document().notes[0].id, text="very polite"))
    after, _ = reprocessed(edited, CONVERSATION)
    (note,) = after.document().notes
    assert (note.text, note.first, note.last) == (
        "very polite",
        after.word("fine"),
        after.word("thanks"),
    )
    assert after.segments()[2].start == 5.5


def test_notes_without_words_are_kept_in_a_conflict() -> None:
    edited = Edited()
    edited.edit(ops.AddNote(first=edited.word("very"), last=edited.word("well"), text="joke"))
    _, found = reprocessed(edited, CONVERSATION[:2])
    (conflict,) = found.conflicts
    assert (conflict.kind, conflict.mine, conflict.was) == (ConflictKind.NOTE, "joke", "very well")


def test_measured_times_are_kept() -> None:
    edited = Edited()
    word = edited.word("fine")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="great"))
    edited.edit(ops.SetTimes(times=((word, Times(3.1, 3.3)),)))
    after, _ = reprocessed(edited, CONVERSATION)
    shown = after.segments()[1].words[0]
    assert (shown.text, shown.start, shown.end) == ("great", 3.1, 3.3)


def test_automatic_edits_are_left_to_their_maker() -> None:
    edited = Edited()
    for word in ("fine", "very"):
        place = edited.word(word)
        edited.edit(
            ops.ReplaceWords(first=place, last=place, text=f"{word} and"), author="vocabulary"
        )
    place = edited.word("and")
    edited.edit(ops.ReplaceWords(first=place, last=place, text="or"), author="ann")
    after, found = reprocessed(edited, CONVERSATION)
    assert [batch.source for batch in found.batches] == [2, 4]
    assert [text for _, text in after.lines()] == [
        "good morning how are you",
        "fine or thanks and you",
        "very well indeed",
    ]
    assert not found.conflicts


def test_edits_survive_several_new_versions() -> None:
    edited = Edited()
    word = edited.word("morning")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="day to you"))
    other = (segment("Speaker_1", "good mourning how are you", 0.0), *CONVERSATION[1:])
    after, first = reprocessed(edited, other)
    again, second = reprocessed(after, CONVERSATION)
    assert again.lines() == edited.lines()
    assert [len(item.conflicts) for item in (first, second)] == [1, 1]


_WORDS = st.sampled_from(["good", "morning", "how", "you", "fine", "hm", "3", "你好", "really"])


@st.composite
def machine_version(draw: st.DrawFn) -> tuple[Segment, ...]:
    """Draw what another run of the recognizer makes of the conversation."""
    spoken: list[tuple[str, float, str]] = []
    renamed = draw(st.permutations(LABELS))
    labels = dict(zip(LABELS, renamed, strict=True))
    for item in CONVERSATION:
        for word in item.words:
            change = draw(st.sampled_from(["same", "same", "same", "other", "none", "more"]))
            if change == "none":
                continue
            text = word.text if change in {"same", "more"} else draw(_WORDS)
            spoken.append((text, word.start + draw(st.floats(0, 0.1)), labels[item.label]))
            if change == "more":
                spoken.append((draw(_WORDS), word.start + 0.3, labels[item.label]))
    segments: list[Segment] = []
    begun: list[tuple[str, float]] = []
    label = ""
    for text, start, own in sorted(spoken, key=lambda entry: entry[1]):
        if begun and (own != label or draw(st.integers(0, 5)) == 0):
            segments.append(_spoken(label, *begun))
            begun = []
        label = own
        begun.append((text, start))
    if begun:
        segments.append(_spoken(label, *begun))
    return tuple(segments)


def change(data: st.DataObject, edited: Edited, earlier: Document | None = None) -> None:
    """Draw what an author does. `earlier` is a revision of an earlier machine version."""
    author = data.draw(st.sampled_from(_AUTHORS))
    action = data.draw(st.sampled_from(["edit", "edit", "edit", "undo", "redo", "restore"]))
    with contextlib.suppress(ApplicationError):
        if action == "undo":
            edited.undo(author)
        elif action == "redo":
            edited.redo(author)
        elif action == "restore":
            revision = data.draw(st.integers(edited.first, edited.revision))
            target = edited.document(revision)
            restored(edited, target if earlier is None else earlier, author)
        else:
            batch = data.draw(st.lists(operation(edited), min_size=1, max_size=2))
            edited.edit(*batch, author=author)


def restored(edited: Edited, target: Document, author: str) -> None:
    """Restore a revision."""
    revision = edited.revision + 1
    effects = restore(edited.document(), target, revision=revision)
    if effects:
        edited.entries.append(Entry(revision=revision, author=author))
        edited.effects[revision] = effects


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_edits_of_several_authors_survive_new_versions(data: st.DataObject) -> None:
    edited = Edited()
    for _ in range(data.draw(st.integers(1, 8))):
        change(data, edited)
    earlier = [edited.segments(revision) for revision in range(1, edited.revision + 1)]
    after, found = reprocessed(edited, data.draw(machine_version()))
    check_times(after)
    assert [edited.segments(r) for r in range(1, edited.revision + 1)] == earlier
    check_nothing_lost(edited, after, found.conflicts)
    check_everything_undone(replace_history(after))
    if after.machine:
        for _ in range(data.draw(st.integers(0, 4))):
            past = edited.document(data.draw(st.integers(1, edited.revision)))
            change(data, after, relabeled(past, found.labels))
    check_times(after)
    again, more = reprocessed(after, data.draw(machine_version()))
    check_times(again)
    check_nothing_lost(after, again, more.conflicts)
    for transcript in (after, again):
        check_everything_undone(transcript)


def replace_history(edited: Edited) -> Edited:
    """Return a copy whose history grows apart."""
    return replace(edited, entries=list(edited.entries), effects=dict(edited.effects))


def check_nothing_lost(before: Edited, after: Edited, conflicts: Sequence[Conflict]) -> None:
    """Assert that all words of people are in the new transcript or in a conflict."""
    written = Counter(
        word.text for view in before.segments() for word in view.words if word.probability is None
    )
    there = Counter(word.text for view in after.segments() for word in view.words)
    kept = Counter(token.text for item in conflicts for token in wording.tokens(item.mine))
    assert not written - there - kept


def check_everything_undone(edited: Edited) -> None:
    """Assert that the machine version comes back when all authors undo everything."""
    taken_back = True
    while taken_back:
        taken_back = False
        for author in _AUTHORS:
            with contextlib.suppress(BuiltUponError, InvalidEditError):
                taken_back = edited.undo(author) or taken_back
    assert edited.segments() == views.segments(Document(items_of(edited.machine, edited.first)))


def _spoken(label: str, *words: tuple[str, float]) -> Segment:
    made = segment(label, " ".join(text for text, _ in words), words[0][1])
    said = tuple(
        Word(text=text, start=start, end=start + 0.35, probability=0.8, speakers=(label,))
        for text, start in words
    )
    return replace(made, words=said, start=said[0].start, end=said[-1].end)
