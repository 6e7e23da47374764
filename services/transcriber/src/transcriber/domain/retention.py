"""How long recordings and transcriptions are kept."""

import datetime as dt
from dataclasses import dataclass

from transcriber.domain.transcriptions import Transcription, TranscriptionStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Rules of the deployment, in seconds. None keeps transcriptions until somebody deletes them.

    `processed` counts from the transcript to the deletion of its recording, `unprocessed` from the
    last activity to the deletion of a recording without transcript, and `transcripts` from the last
    transcript or the upload to the deletion of everything. Owners are warned `warning` before that.
    `trash` counts from when a transcription was moved to the trash.
    """

    processed: float
    unprocessed: float
    transcripts: float | None = None
    warning: float = 0.0
    trash: float = 7 * 86_400.0

    def recording_until(self, transcription: Transcription) -> dt.datetime | None:
        """Return when the recording is erased. None while it is processed, or once it is gone."""
        if not transcription.source_available:
            return None
        match transcription.status:
            case TranscriptionStatus.PROCESSING:
                return None
            case TranscriptionStatus.COMPLETED:
                begin, seconds = transcription.transcript_at, self.processed
            case _:
                begin, seconds = _last_activity(transcription), self.unprocessed
        ends = None if begin is None else begin + dt.timedelta(seconds=seconds)
        until = self.transcription_until(transcription)
        return min(filter(None, (ends, until)), default=None)

    def transcription_until(self, transcription: Transcription) -> dt.datetime | None:
        """Return when all of a transcription is erased. None if no time is set."""
        until = self._by_age(transcription)
        if transcription.trashed_at is None:
            return until
        emptied = transcription.trashed_at + dt.timedelta(seconds=self.trash)
        return emptied if until is None else min(emptied, until)

    def _by_age(self, transcription: Transcription) -> dt.datetime | None:
        if self.transcripts is None or transcription.status is TranscriptionStatus.PROCESSING:
            return None
        begin = max(filter(None, (transcription.created_at, transcription.transcript_at)))
        until = begin + dt.timedelta(seconds=self.transcripts)
        warned = transcription.expiry_warned_at
        if warned is not None and warned >= begin:
            # The rule may be younger than the transcription. Nothing is erased without a warning.
            until = max(until, warned + dt.timedelta(seconds=self.warning))
        return until


def _last_activity(transcription: Transcription) -> dt.datetime:
    job = transcription.job
    ended = (job.completed_at or job.created_at) if job else None
    return max(filter(None, (transcription.kept_since or transcription.created_at, ended)))
