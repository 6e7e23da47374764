"""How long recordings and transcriptions are kept."""

import datetime as dt
from dataclasses import dataclass, replace

from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.domain.workspace_settings import WorkspaceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """Rules of the deployment, in seconds. None keeps transcriptions until somebody deletes them.

    Workspaces may have shorter times of their own, which each transcription comes with.

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

    def of(self, settings: WorkspaceSettings) -> "Retention":
        """Return the rules for a workspace with its own settings."""
        own = settings.within(self.settings)
        return replace(
            self,
            processed=self.processed if own.processed is None else own.processed,
            unprocessed=self.unprocessed if own.unprocessed is None else own.unprocessed,
            transcripts=own.transcripts,
            trash=self.trash if own.trash is None else own.trash,
        )

    @property
    def settings(self) -> WorkspaceSettings:
        """The rules as settings of a workspace."""
        return WorkspaceSettings(
            processed=self.processed,
            unprocessed=self.unprocessed,
            transcripts=self.transcripts,
            trash=self.trash,
        )

    def recording_until(self, transcription: Transcription) -> dt.datetime | None:
        """Return when the recording is erased. None while it is processed, or once it is gone."""
        return self.of(transcription.workspace_settings)._recording_until(transcription)

    def transcription_until(self, transcription: Transcription) -> dt.datetime | None:
        """Return when all of a transcription is erased. None if no time is set."""
        return self.of(transcription.workspace_settings)._transcription_until(transcription)

    def _recording_until(self, transcription: Transcription) -> dt.datetime | None:
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
        until = self._transcription_until(transcription)
        return min(filter(None, (ends, until)), default=None)

    def _transcription_until(self, transcription: Transcription) -> dt.datetime | None:
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
