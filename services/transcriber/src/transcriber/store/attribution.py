"""Words given to other speakers by edits, within one transaction."""

from collections.abc import Iterator, Mapping, Sequence

from psycopg.rows import DictRow

from common.postgres import Connection, fetch_all
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.editing import machine_version
from transcriber.editing.items import ItemId
from transcriber.names import attribution
from transcriber.names.attribution import HeardWord

# Only segments with words from segments of another label, since words of a long transcript are
# many. The number of an item is divided as in `machine_version`.
_EDITED = """
SELECT edited.label, edited.words FROM edited_segments AS edited
WHERE edited.transcription_id = %(id)s AND edited.shown AND EXISTS (
    SELECT FROM (
        SELECT DISTINCT split_part(item, '.', 2)::bigint / 100000 AS position
        FROM unnest(edited.ids) AS item WHERE starts_with(item, %(machine)s)) AS own
    JOIN segments ON segments.transcription_id = %(id)s AND segments.position = own.position
    WHERE segments.label <> edited.label)
ORDER BY edited.rank
"""
_REPLACED = "SELECT position, label FROM segments WHERE transcription_id = %s AND superseded"
_TOTALS = """
SELECT label, sum(end_seconds - start_seconds) AS seconds
FROM segments WHERE transcription_id = %s GROUP BY label
"""
#: Place of the identifier in a stored word.
_ITEM = 5


async def voices_of(
    connection: Connection, transcription: Transcription
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers of a transcription, without speech given to others by edits."""
    machine = f"{transcription.machine_revision}."
    parameters = {"id": transcription.id, "machine": machine}
    edited = await fetch_all(connection, _EDITED, parameters)
    if not edited:
        return transcription.speakers
    replaced = await fetch_all(connection, _REPLACED, (transcription.id,))
    heard = {row["position"]: row["label"] for row in replaced}
    totals = await fetch_all(connection, _TOTALS, (transcription.id,))
    moved = attribution.moved_speech(
        _segments(edited, heard, transcription.machine_revision),
        totals={row["label"]: row["seconds"] for row in totals},
        merged_into={speaker.label: speaker.merged_into for speaker in transcription.speakers},
    )
    return attribution.without_moved(transcription.speakers, moved)


def _segments(
    rows: Sequence[DictRow], heard: Mapping[int, str], machine_revision: int
) -> Iterator[list[HeardWord]]:
    for row in rows:
        words = []
        for word in row["words"]:
            item = ItemId.parse(word[_ITEM])
            label = heard.get(machine_version.position_of(item))
            if item.revision == machine_revision and label is not None:
                words.append(HeardWord(heard=label, label=row["label"], start=word[1], end=word[2]))
        yield words
