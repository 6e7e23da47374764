"""Loading of stored transcripts for the restoration of an earlier revision."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from transcriber.editing import reconstruction
from transcriber.editing.document import Document
from transcriber.editing.items import Naming, SegmentItem
from transcriber.store.edit_history import Head
from transcriber.store.edits import LoadedDocument, TranscriptEdits
from transcriber.transcripts.earlier_versions import earlier_revision
from transcriber.transcripts.revisions import Revisions
from transcriber.transcripts.stretches import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Restorable:
    """The parts of a transcript that changed since a revision, now and then.

    `names` are those that speakers had in the revision, by label. There are none for one of an
    earlier machine version, since its speakers are others.
    """

    loaded: LoadedDocument
    target: Document
    names: Mapping[str, Naming] = field(default_factory=dict)


async def restorable(edits: TranscriptEdits, head: Head, revision: int) -> Restorable:
    """Load what a restoration of a revision changes.

    Raises:
        NotFoundError: there is no such revision.
    """
    connection, transcription_id = edits.log.connection, edits.log.transcription_id
    if 1 <= revision < head.machine_revision:
        past = await earlier_revision(connection, transcription_id, revision)
        loaded = await edits.load_all(head)
        return Restorable(loaded=loaded, target=await asyncio.to_thread(past.document))
    revisions = Revisions(connection, transcription_id)
    stretch = await revisions.since(head, revision)
    speakers = await revisions.speakers(head, revision)
    places = [stretch.places[number] for part in stretch.parts for number in part]
    loaded = await edits.load_places(head, places)
    target = await asyncio.to_thread(_taken_back, loaded.document, stretch)
    if places and not _begins(target):
        loaded = await edits.load_all(head)
        target = await asyncio.to_thread(_taken_back, loaded.document, stretch)
    return Restorable(
        loaded=loaded,
        target=Document(target, speakers=speakers, notes=target.notes),
        names={speaker.id: speaker.name for speaker in speakers},
    )


def _taken_back(document: Document, stretch: Stretch) -> Document:
    """Return a copy of a document from before the batches of a stretch."""
    former = Document(
        (item.copy() for item in document), notes=[note.copy() for note in document.notes]
    )
    reconstruction.take_back(former, reversed(stretch.between), stretch.measured, stretch.repeats)
    return former


def _begins(document: Document) -> bool:
    """Return whether a document begins with a living segment.

    If it does not, its first items belong to a segment of another part.
    """
    first = next(iter(document), None)
    return isinstance(first, SegmentItem) and first.alive
