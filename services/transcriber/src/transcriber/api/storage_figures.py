"""Figures about everything stored, as a message for administrators."""

from common import times
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import admin_pb2
from transcriber.domain.retention import Retention
from transcriber.store.captures import Captures
from transcriber.store.erasures import Erasures
from transcriber.store.resumable_uploads import ResumableUploads
from transcriber.store.stored import Figures, Forecast, StoredThings


class StorageFigures:
    """Reads figures of the tables and of the disk."""

    def __init__(self, database: Database, objects: ObjectStore, retention: Retention) -> None:
        self._database = database
        self._objects = objects
        self._retention = retention

    async def read(self) -> admin_pb2.GetStorageFiguresResponse:
        """Return the current figures."""
        async with self._database.transaction() as connection:
            stored = StoredThings(connection)
            message = _figures(await stored.figures())
            forecasts = await stored.forecasts(self._retention)
            message.forecasts.extend(map(_forecast, forecasts))
            message.unwritten_erasures = await Erasures(connection).unwritten_count()
            uploads, upload_bytes = await ResumableUploads(connection).figures()
            captures, capture_bytes = await Captures(connection).figures()
        message.unfinished_uploads = uploads + captures
        message.unfinished_upload_bytes = upload_bytes + capture_bytes
        message.retention.CopyFrom(_rules(self._retention))
        message.disk_reserve_bytes = self._objects.reserve.reserve_bytes
        space = self._objects.reserve.space()
        if space is not None:
            message.disk_free_bytes, message.disk_bytes = space
        return message


def _figures(figures: Figures) -> admin_pb2.GetStorageFiguresResponse:
    return admin_pb2.GetStorageFiguresResponse(
        transcriptions=figures.transcriptions,
        workspaces=figures.workspaces,
        recordings=figures.recordings,
        recording_bytes=figures.recording_bytes,
        recording_duration=times.duration(figures.recording_seconds),
        oldest_create_time=times.timestamp(figures.oldest),
        unfinished_deletions=figures.unfinished_deletions,
        playback_copies=figures.playback_copies,
        playback_bytes=figures.playback_bytes,
        trashed_transcriptions=figures.trashed,
        database_bytes=figures.database_bytes,
    )


def _forecast(forecast: Forecast) -> admin_pb2.ErasureForecast:
    return admin_pb2.ErasureForecast(
        within=times.duration(forecast.within),
        recordings=forecast.recordings,
        recording_bytes=forecast.recording_bytes,
        transcriptions=forecast.transcriptions,
    )


def _rules(retention: Retention) -> admin_pb2.RetentionRules:
    kept = retention.transcripts
    return admin_pb2.RetentionRules(
        processed_recording=times.duration(retention.processed),
        unprocessed_recording=times.duration(retention.unprocessed),
        transcription=None if kept is None else times.duration(kept),
        trash=times.duration(retention.trash),
    )
