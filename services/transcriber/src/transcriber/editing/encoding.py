"""Items, effects and operations as JSON values."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transcriber.domain.transcripts import NameSource
from transcriber.editing import operations as ops
from transcriber.editing.effects import Change, Effects, Insertion
from transcriber.editing.items import (
    AnyId,
    Edges,
    ItemId,
    Naming,
    NoteItem,
    PlacedItem,
    SegmentItem,
    Stamp,
    Times,
    Wording,
    WordItem,
)

Json = Any

_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "wording": lambda value: Wording(*value),
    "times": lambda value: Times(*value),
    "edges": lambda value: Edges(*value),
    "name": lambda value: Naming(value[0], NameSource(value[1]), *value[2:]),
}
_OPERATIONS = {
    kind.__name__: kind
    for kind in (
        ops.ReplaceWords,
        ops.DeleteWords,
        ops.InsertWords,
        ops.SplitSegment,
        ops.MergeSegments,
        ops.MoveEdges,
        ops.SetSpeaker,
        ops.MergeSpeakers,
        ops.AssignNames,
        ops.SetReviewed,
        ops.SetStarred,
        ops.AddNote,
        ops.ChangeNote,
        ops.SetTimes,
        ops.ImportTranscript,
    )
}
#: Fields of operations that hold identifiers of items.
_IDENTIFIERS = {"first", "last", "segment", "after", "word", "second", "note"}


def item_to_json(item: PlacedItem) -> Json:
    """Return a word or the beginning of a segment as a list."""
    if isinstance(item, WordItem):
        return [
            "w",
            str(item.id),
            item.alive,
            list(item.wording),
            [round(item.times.start, 6), round(item.times.end, 6)],
            list(item.others),
            stamps_to_json(item.stamps),
        ]
    return [
        "s",
        str(item.id),
        item.alive,
        item.label,
        list(item.edges),
        item.reviewed,
        item.starred,
        item.language,
        item.channel,
        stamps_to_json(item.stamps),
    ]


def item_from_json(value: Json) -> PlacedItem:
    """Invert `item_to_json`."""
    if value[0] == "w":
        _, item_id, alive, wording, times, others, stamps = value
        return WordItem(
            id=ItemId.parse(item_id),
            alive=alive,
            wording=Wording(*wording),
            times=Times(*times),
            others=tuple(others),
            stamps=stamps_from_json(stamps),
        )
    _, item_id, alive, label, edges, reviewed, starred, language, channel, stamps = value
    return SegmentItem(
        id=ItemId.parse(item_id),
        alive=alive,
        label=label,
        edges=Edges(*edges),
        reviewed=reviewed,
        starred=starred,
        language=language,
        channel=channel,
        stamps=stamps_from_json(stamps),
    )


def note_to_json(note: NoteItem) -> Json:
    """Return a note as an object."""
    return {
        "id": str(note.id),
        "alive": note.alive,
        "text": note.text,
        "first": str(note.first),
        "last": str(note.last),
        "author": note.author,
        "stamps": stamps_to_json(note.stamps),
    }


def note_from_json(value: Json) -> NoteItem:
    """Invert `note_to_json`."""
    return NoteItem(
        id=ItemId.parse(value["id"]),
        alive=value["alive"],
        text=value["text"],
        first=ItemId.parse(value["first"]),
        last=ItemId.parse(value["last"]),
        author=value["author"],
        stamps=stamps_from_json(value["stamps"]),
    )


def stamps_to_json(stamps: Mapping[str, Stamp]) -> Json:
    """Return stamps by register."""
    return {register: list(stamp) for register, stamp in stamps.items()}


def stamps_from_json(value: Json) -> dict[str, Stamp]:
    """Invert `stamps_to_json`."""
    return {register: Stamp(*stamp) for register, stamp in value.items()}


def effects_to_json(effects: Effects) -> Json:
    """Return effects as an object."""
    return {
        "insertions": [
            [_optional(insertion.after), [item_to_json(item) for item in insertion.items]]
            for insertion in effects.insertions
        ],
        "notes": [note_to_json(note) for note in effects.notes],
        "changes": [
            [
                _any_id(change.item),
                change.register,
                change.before,
                change.before_origin,
                change.after,
                change.after_origin,
            ]
            for change in effects.changes
        ],
        "divided": [str(item_id) for item_id in effects.divided],
    }


def effects_from_json(value: Json) -> Effects:
    """Invert `effects_to_json`."""
    return Effects(
        insertions=tuple(
            Insertion(
                after=None if after is None else ItemId.parse(after),
                items=tuple(item_from_json(item) for item in items),
            )
            for after, items in value["insertions"]
        ),
        notes=tuple(note_from_json(note) for note in value["notes"]),
        changes=tuple(_changes_from_json(value["changes"])),
        divided=tuple(ItemId.parse(item_id) for item_id in value["divided"]),
    )


def operation_to_json(operation: ops.Operation) -> Json:
    """Return an operation as an object with its type as `kind`."""
    value: dict[str, Any] = {"kind": type(operation).__name__}
    for field in dataclasses.fields(operation):
        content = getattr(operation, field.name)
        if isinstance(operation, ops.SetTimes):
            content = [[str(word), list(times)] for word, times in operation.times]
        elif isinstance(operation, ops.AssignNames):
            content = dict(content)
        elif field.name in _IDENTIFIERS:
            content = _optional(content)
        value[field.name] = content
    return value


def operation_from_json(value: Json) -> ops.Operation:
    """Invert `operation_to_json`."""
    fields = dict(value)
    kind = _OPERATIONS[fields.pop("kind")]
    if kind is ops.SetTimes:
        times = tuple((ItemId.parse(word), Times(*span)) for word, span in fields["times"])
        return ops.SetTimes(times=times)
    if kind is ops.ImportTranscript:
        return ops.ImportTranscript(**{**fields, "speakers": ops.SpeakerSource(fields["speakers"])})
    for name in _IDENTIFIERS & fields.keys():
        if fields[name] is not None:
            fields[name] = ItemId.parse(fields[name])
    made: ops.Operation = kind(**fields)
    return made


def _changes_from_json(values: Iterable[Json]) -> Iterable[Change]:
    for item, register, before, before_origin, after, after_origin in values:
        decode = _VALUES.get(register, lambda value: value)
        yield Change(
            item=item[1:] if item.startswith("@") else ItemId.parse(item),
            register=register,
            before=decode(before),
            before_origin=before_origin,
            after=decode(after),
            after_origin=after_origin,
        )


def _any_id(item_id: AnyId) -> str:
    return str(item_id) if isinstance(item_id, ItemId) else f"@{item_id}"


def _optional(item_id: ItemId | None) -> str | None:
    return None if item_id is None else str(item_id)
