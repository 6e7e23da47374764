"""Restoration of an earlier revision, as a batch like any other."""

from collections.abc import Mapping

from transcriber.domain.transcripts import NameSource
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.items import NO_NAME, Naming, SegmentItem, SpeakerItem
from transcriber.editing.journal import Journal
from transcriber.editing.reinsertion import reinsert
from transcriber.editing.segment_edits import name_speaker

#: Stamps without a value.
_DERIVED = {"extent"}


def restore(
    document: Document,
    target: Document,
    *,
    revision: int,
    names: Mapping[str, Naming] | None = None,
) -> Effects:
    """Give all items their values in an earlier revision.

    Items made since then are deleted. Those of an earlier machine version are inserted. `revision`
    is the new one. `names` are those that speakers had in the earlier revision, by label. Others
    stay.
    """
    journal = Journal(document, base=revision - 1, revision=revision)
    reinsert(journal, target, revision)
    empty = not target.segments()
    former = {item.id: item for item in (*target, *target.notes)}
    for item in (*document, *document.notes):
        old = former.get(item.id)
        if old is None:
            # Without any segment, removed words would have no place.
            if item.alive and not (empty and isinstance(item, SegmentItem)):
                journal.write(item, "alive", False)
            continue
        for register in item.registers:
            if register not in _DERIVED and getattr(item, register) != getattr(old, register):
                journal.write(item, register, getattr(old, register))
    for speaker in document.speakers:
        merged_into = target.speaker(speaker.id).merged_into
        if speaker.merged_into != merged_into:
            journal.write(speaker, "merged_into", merged_into)
        _rename(journal, speaker, (names or {}).get(speaker.id, speaker.name))
    _divide(journal, revision)
    return journal.effects()


def _divide(journal: Journal, revision: int) -> None:
    """Mark the segments that got or lost words because others appeared or disappeared."""
    current = None
    for item in journal.document:
        if isinstance(item, SegmentItem):
            if item.stamp("alive").changed == revision and current is not None:
                journal.divide(current)
            current = item if item.alive else current


def _rename(journal: Journal, speaker: SpeakerItem, former: Naming) -> None:
    """Give a speaker the former name. Merely suggested names are left as they are."""
    confirmed = former.source is NameSource.CONFIRMED
    if confirmed or speaker.name.source is NameSource.CONFIRMED:
        name_speaker(journal, speaker, former if confirmed else NO_NAME)
