"""Items, effects and operations as JSON."""

import json

import pytest

from tests.unit.transcriber.editing.transcripts import CONVERSATION, Edited
from transcriber.editing import encoding
from transcriber.editing import operations as ops
from transcriber.editing.items import ItemId, Times
from transcriber.editing.machine_version import items_of

_FIRST, _LAST = ItemId(1, 1), ItemId(1, 3)


@pytest.mark.parametrize(
    "operation",
    [
        ops.ReplaceWords(first=_FIRST, last=_LAST, text="one"),
        ops.DeleteWords(first=_FIRST, last=_LAST),
        ops.InsertWords(segment=_FIRST, after=None, text="one"),
        ops.InsertWords(segment=_FIRST, after=_LAST, text="one"),
        ops.SplitSegment(word=_LAST),
        ops.MergeSegments(first=_FIRST, second=_LAST),
        ops.MoveEdges(segment=_FIRST, start=1.5, end=None),
        ops.SetSpeaker(first=_FIRST, last=_LAST, speaker=""),
        ops.MergeSpeakers(speaker="Speaker_1", into="Speaker_2"),
        ops.AssignNames(names={"Speaker_1": "Ada", "Speaker_2": ""}, profiles={"Speaker_1": 7}),
        ops.SetReviewed(segment=_FIRST, reviewed=True),
        ops.SetStarred(segment=_FIRST, starred=False),
        ops.AddNote(first=_FIRST, last=_LAST, text="Why?"),
        ops.ChangeNote(note=_FIRST, text=""),
        ops.SetTimes(times=((_FIRST, Times(0.5, 0.75)),)),
    ],
)
def test_operations_are_decoded_as_they_were(operation: ops.Operation) -> None:
    stored = json.loads(json.dumps(encoding.operation_to_json(operation)))
    assert encoding.operation_from_json(stored) == operation


def test_items_are_decoded_as_they_were() -> None:
    for item in items_of(CONVERSATION, 3):
        stored = json.loads(json.dumps(encoding.item_to_json(item)))
        assert encoding.item_from_json(stored) == item


def test_names_are_decoded_as_they_were() -> None:
    effects = Edited().edit(ops.AssignNames(names={"Speaker_1": "Ada"}))
    stored = json.loads(json.dumps(encoding.effects_to_json(effects)))
    assert encoding.effects_from_json(stored) == effects


def test_effects_are_decoded_as_they_were() -> None:
    edited = Edited()
    words = edited.segments()[0].words
    effects = edited.edit(
        ops.ReplaceWords(first=words[0].id, last=words[1].id, text="hello to all"),
        ops.SplitSegment(word=words[3].id),
        ops.MoveEdges(segment=edited.segment(1), start=2.9),
        ops.MergeSpeakers(speaker="Speaker_3", into="Speaker_1"),
        ops.AddNote(first=words[2].id, last=words[3].id, text="Why?"),
    )
    stored = json.loads(json.dumps(encoding.effects_to_json(effects)))
    assert encoding.effects_from_json(stored) == effects
