"""Text of a recording without a transcript: recognized parts, and behind them live text."""

from dataclasses import replace

from common.postgres import Connection
from transcriber.domain.partial_transcripts import PartialTranscript
from transcriber.domain.transcriptions import Transcription
from transcriber.store.live import LiveTexts
from transcriber.store.partial_transcripts import PartialTranscripts


async def shown_text(
    connection: Connection, transcription: Transcription
) -> PartialTranscript | None:
    """Return the text of a transcription, given with its job, None if there is none yet."""
    recognized = None
    if transcription.job is not None and transcription.job.status.live:
        recognized = await PartialTranscripts(connection).find(transcription.job.job_id)
    if transcription.transcript_at is not None:
        return recognized
    start = 0.0 if recognized is None else recognized.covered
    live = await LiveTexts(connection).partial(transcription.id, start=start)
    if recognized is None or live is None:
        return recognized or live
    return replace(
        recognized, covered=live.covered, segments=(*recognized.segments, *live.segments)
    )
