"""Work on voices and names due after edits of a transcript, within one transaction."""

from common.background.attempts import ItemAttempts
from common.postgres import Connection
from transcriber.domain.transcripts import NameSource
from transcriber.editing.document import Document
from transcriber.editing.effects import Effects
from transcriber.editing.items import SegmentItem
from transcriber.store import step_names
from transcriber.store.decisions import DueDecisions
from transcriber.store.transcriptions import Transcriptions

#: Edits often follow each other. The speakers service hears of them together.
_AFTER_SECONDS = 5.0
_SPEAKER_REGISTERS = frozenset({"label", "merged_into"})


async def schedule(
    connection: Connection, transcription_id: int, document: Document, effects: Effects
) -> None:
    """Have decisions sent and names suggested after a stored batch with these effects.

    The batch may have been executed, taken back or repeated.
    """
    named = [
        document.speaker(change.item)
        for change in effects.changes
        if change.register == "name" and isinstance(change.item, str)
    ]
    if named or divides_speech(document, effects):
        await DueDecisions(connection).ask_after_edit(
            transcription_id, 0.0 if named else _AFTER_SECONDS, always=bool(named)
        )
    if any(speaker.name.source is not NameSource.CONFIRMED for speaker in named):
        await Transcriptions(connection).schedule_names(transcription_id)
        await ItemAttempts(connection).forget([step_names.NAMES], str(transcription_id))


def divides_speech(document: Document, effects: Effects) -> bool:
    """Return whether a stored batch gave speech to somebody else.

    Dividing or joining the segments of one speaker does not.
    """
    if any(change.register in _SPEAKER_REGISTERS for change in effects.changes):
        return True
    revived = (
        document.find(change.item) for change in effects.changes if change.register == "alive"
    )
    segments = [
        found
        for item in (*revived, *(document.find(made.id) for made in effects.made()))
        if isinstance(found := item, SegmentItem)
    ]
    return any(_differs_from_previous(document, segment) for segment in segments)


def _differs_from_previous(document: Document, segment: SegmentItem) -> bool:
    for item in document.preceding(segment.id):
        if isinstance(item, SegmentItem) and item.alive:
            return document.effective_speaker(item.label) != document.effective_speaker(
                segment.label
            )
    return True
