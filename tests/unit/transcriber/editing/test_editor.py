"""Operations on a transcript."""

import pytest

from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited, segment
from transcriber.editing import operations as ops
from transcriber.editing.errors import EditConflictError, InvalidEditError
from transcriber.editing.items import ItemId, Times
from transcriber.editing.machine_version import items_of


def test_machine_version_is_shown_as_it_was_made() -> None:
    shown = Edited().segments()
    assert [view.text for view in shown] == [item.text for item in CONVERSATION]
    for view, made in zip(shown, CONVERSATION, strict=True):
        assert (view.start, view.end, view.label) == (made.start, made.end, made.label)
        assert view.confidence == pytest.approx(made.confidence)
        assert [(word.text, word.start, word.end) for word in view.words] == [
            (word.text, word.start, word.end) for word in made.words
        ]


def test_replaced_words_keep_times_and_lose_probability() -> None:
    edited = Edited()
    edited.edit(
        ops.ReplaceWords(first=edited.word("how"), last=edited.word("you"), text="who are they")
    )
    words = edited.segments()[0].words
    assert [word.text for word in words] == ["good", "morning", "who", "are", "they"]
    assert [word.probability for word in words] == [0.9, 0.9, None, 0.9, None]
    assert [word.start for word in words] == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


def test_more_words_share_the_time_of_those_they_replace() -> None:
    edited = Edited()
    word = edited.word("morning")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="day to you"))
    words = edited.segments()[0].words[1:4]
    assert words[0].start == pytest.approx(0.5)
    assert words[-1].end == pytest.approx(0.9)
    assert [word.start for word in words[1:]] == [word.end for word in words[:-1]]


def test_inserted_words_fill_the_pause() -> None:
    edited = Edited((segment("Speaker_1", "one four", 0.0, pause=2.0),))
    edited.edit(
        ops.InsertWords(segment=edited.segment(0), after=edited.word("one"), text="two three")
    )
    words = edited.segments()[0].words
    assert edited.lines() == [("Speaker_1", "one two three four")]
    assert words[1].start == pytest.approx(0.4)
    assert words[2].end == pytest.approx(2.4)


def test_words_are_inserted_at_the_beginning_of_a_segment() -> None:
    edited = Edited()
    edited.edit(ops.InsertWords(segment=edited.segment(1), after=None, text="oh I am"))
    assert edited.lines()[1] == ("Speaker_2", "oh I am fine thanks and you")
    assert edited.segments()[1].start == pytest.approx(3.0)


def test_deleted_segment_is_not_shown_and_can_be_filled_again() -> None:
    edited = Edited()
    segment_id = edited.segment(1)
    words = edited.segments()[1].words
    edited.edit(ops.DeleteWords(first=words[0].id, last=words[-1].id))
    assert [text for _, text in edited.lines()] == ["good morning how are you", "very well indeed"]
    edited.edit(ops.InsertWords(segment=segment_id, after=None, text="hm"))
    assert edited.lines()[1] == ("Speaker_2", "hm")
    assert edited.segments()[1].start == pytest.approx(3.0)


def test_confidence_is_that_of_recognized_words() -> None:
    edited = Edited()
    words = edited.segments()[2].words
    edited.edit(ops.ReplaceWords(first=words[0].id, last=words[1].id, text="not bad"))
    assert edited.segments()[2].confidence == pytest.approx(0.9)
    last = edited.segments()[2].words[-1].id
    edited.edit(ops.ReplaceWords(first=last, last=last, text="really"))
    assert edited.segments()[2].confidence == 1.0


def test_split_and_merge() -> None:
    edited = Edited()
    edited.edit(ops.SplitSegment(word=edited.word("how")))
    assert [text for _, text in edited.lines()][:2] == ["good morning", "how are you"]
    first, second = edited.segment(0), edited.segment(1)
    edited.edit(ops.MergeSegments(first=first, second=second))
    assert edited.lines()[0] == ("Speaker_1", "good morning how are you")
    edited.edit(ops.MergeSegments(first=edited.segment(0), second=edited.segment(1)))
    assert edited.lines()[0] == ("Speaker_1", "good morning how are you fine thanks and you")


@pytest.mark.parametrize(("first", "second"), [(0, 2), (1, 0), (1, 1)])
def test_only_neighbors_are_merged(first: int, second: int) -> None:
    edited = Edited()
    operation = ops.MergeSegments(first=edited.segment(first), second=edited.segment(second))
    with pytest.raises(InvalidEditError):
        edited.edit(operation)


def test_channels_are_not_merged() -> None:
    edited = Edited(
        (
            segment("Speaker_1", "one two", 0.0, channel=1),
            segment("Speaker_2", "three", 0.5, channel=2),
        )
    )
    operation = ops.MergeSegments(first=edited.segment(0), second=edited.segment(1))
    with pytest.raises(InvalidEditError, match="channels"):
        edited.edit(operation)


def test_words_are_given_to_another_speaker() -> None:
    edited = Edited()
    edited.edit(
        ops.SetSpeaker(first=edited.word("how"), last=edited.word("thanks"), speaker="Speaker_3")
    )
    assert edited.lines() == [
        ("Speaker_1", "good morning"),
        ("Speaker_3", "how are you"),
        ("Speaker_3", "fine thanks"),
        ("Speaker_2", "and you"),
        ("Speaker_1", "very well indeed"),
    ]
    assert edited.segments()[1].words[0].speakers == ("Speaker_3",)


def test_words_are_given_to_a_new_speaker() -> None:
    edited = Edited()
    words = edited.segments()[2].words
    edited.edit(ops.SetSpeaker(first=words[0].id, last=words[-1].id, speaker=""))
    assert edited.lines()[2] == ("Speaker_4", "very well indeed")


def test_merged_speakers_stay_merged_for_later_edits() -> None:
    edited = Edited()
    edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"))
    assert {label for label, _ in edited.lines()} == {"Speaker_1"}
    words = edited.segments()[2].words
    edited.edit(ops.SetSpeaker(first=words[0].id, last=words[-1].id, speaker="Speaker_2"))
    assert {label for label, _ in edited.lines()} == {"Speaker_1"}


def test_speakers_are_not_merged_in_a_circle() -> None:
    edited = Edited()
    edited.edit(ops.MergeSpeakers(speaker="Speaker_2", into="Speaker_1"))
    with pytest.raises(InvalidEditError, match="one speaker"):
        edited.edit(ops.MergeSpeakers(speaker="Speaker_1", into="Speaker_2"))


def test_edges_limit_the_times_of_words() -> None:
    edited = Edited()
    edited.edit(ops.MoveEdges(segment=edited.segment(0), start=0.2, end=2.0))
    view = edited.segments()[0]
    assert (view.start, view.end) == (0.2, 2.0)
    assert (view.words[0].start, view.words[-1].end) == (0.2, 2.0)


def test_edges_go_with_the_words_next_to_them() -> None:
    edited = Edited()
    edited.edit(ops.MoveEdges(segment=edited.segment(0), end=2.7))
    edited.edit(ops.SplitSegment(word=edited.word("how")))
    first, second = edited.segments()[:2]
    assert first.end == pytest.approx(0.9)
    assert second.end == 2.7
    edited.edit(ops.MergeSegments(first=first.id, second=second.id))
    assert edited.segments()[0].end == 2.7


def test_segment_ends_behind_its_start() -> None:
    edited = Edited()
    with pytest.raises(InvalidEditError):
        edited.edit(ops.MoveEdges(segment=edited.segment(1), start=9.0))


def test_notes_are_added_and_changed() -> None:
    edited = Edited()
    edited.edit(ops.AddNote(first=edited.word("fine"), last=edited.word("and"), text="Really?"))
    note = edited.document().notes[0]
    assert (note.text, note.author, note.alive) == ("Really?", "ann", True)
    edited.edit(ops.ChangeNote(note=note.id, text="Ask again"))
    assert edited.document().notes[0].text == "Ask again"
    edited.edit(ops.ChangeNote(note=note.id, text=""))
    assert not edited.document().notes[0].alive


def test_measured_times_count_as_part_of_the_edit() -> None:
    edited = Edited()
    word = edited.word("fine")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="good"))
    edited.edit(ops.SetTimes(times=((word, Times(3.05, 3.3)),)), author="aligner")
    assert edited.segments()[1].words[0].start == 3.05
    assert edited.undo()
    assert edited.segments() == edited.segments(1)


def test_blanks_are_written_as_the_script_has_them() -> None:
    words = segment("Speaker_1", "你 好 世 界", 0.0)
    edited = Edited(
        (
            segment("Speaker_1", "你 好 世 界", 0.0).__class__(
                label=words.label,
                text="你好世界",
                start=words.start,
                end=words.end,
                confidence=words.confidence,
                language="zh",
                words=words.words,
            ),
        )
    )
    assert edited.lines() == [("Speaker_1", "你好世界")]
    edited.edit(
        ops.ReplaceWords(first=edited.word("世"), last=edited.word("界"), text="朋友们。OK go")
    )
    assert edited.lines() == [("Speaker_1", "你好朋友们。OK go")]
    assert [word.text for word in edited.segments()[0].words][2:5] == ["朋", "友", "们。"]


def test_edits_of_other_words_are_rebased() -> None:
    edited = Edited()
    edited.edit(ops.DeleteWords(first=edited.word("good"), last=edited.word("good")), author="ann")
    edited.edit(ops.SplitSegment(word=edited.word("how")), author="ann")
    word = edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="is"), base=1, author="bob")
    assert [text for _, text in edited.lines()][:2] == ["morning", "how is you"]


def test_edits_of_the_same_word_collide() -> None:
    edited = Edited()
    word = edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="is"))
    with pytest.raises(EditConflictError) as caught:
        edited.edit(ops.DeleteWords(first=word, last=word), base=1, author="bob")
    assert [(item.item, item.revision) for item in caught.value.collisions] == [(word, 2)]


def test_range_with_words_of_others_collides() -> None:
    edited = Edited()
    first, last = edited.word("good"), edited.word("morning")
    edited.edit(ops.InsertWords(segment=edited.segment(0), after=first, text="early"))
    with pytest.raises(EditConflictError):
        edited.edit(ops.ReplaceWords(first=first, last=last, text="hi"), base=1, author="bob")


def test_review_of_changed_words_collides() -> None:
    edited = Edited()
    segment_id, word = edited.segment(0), edited.word("are")
    edited.edit(ops.ReplaceWords(first=word, last=word, text="is"))
    with pytest.raises(EditConflictError):
        edited.edit(ops.SetReviewed(segment=segment_id, reviewed=True), base=1, author="bob")
    edited.edit(ops.SetStarred(segment=segment_id, starred=True), base=1, author="bob")
    assert edited.segments()[0].starred


def test_unknown_items_are_refused() -> None:
    edited = Edited()
    missing = ItemId(7, 1)
    for operation in (
        ops.DeleteWords(first=missing, last=missing),
        ops.SetStarred(segment=missing, starred=True),
        ops.ChangeNote(note=missing, text="x"),
        ops.MergeSpeakers(speaker="Speaker_9", into="Speaker_1"),
        ops.SetSpeaker(first=edited.word("good"), last=edited.word("you"), speaker="Speaker_9"),
    ):
        with pytest.raises(InvalidEditError):
            edited.edit(operation)


def test_batches_are_atomic() -> None:
    edited = Edited()
    word = edited.word("are")
    with pytest.raises(InvalidEditError):
        edited.edit(
            ops.ReplaceWords(first=word, last=word, text="is"),
            ops.MergeSegments(first=edited.segment(0), second=edited.segment(2)),
        )
    assert edited.segments() == edited.segments(1)


def test_identifiers_are_parsed() -> None:
    items = list(items_of(CONVERSATION, 1))
    assert [str(item.id) for item in items[:2]] == ["1.0", "1.1"]
    assert ItemId.parse("1.1") == items[1].id
    for text in ("", "1", "1.", ".1", "a.1", "1.-2", "1.2.3", "١.2"):
        with pytest.raises(ValueError, match="identifier"):
            ItemId.parse(text)
