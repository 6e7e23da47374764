"""Objects behind uploads in pieces."""

from dataclasses import dataclass

from transcriber.composition.core import Core
from transcriber.queue.job_start import JobStarter
from transcriber.recordings.acceptance import Acceptance
from transcriber.recordings.early_start import EarlyStarts
from transcriber.recordings.examination import Examiner
from transcriber.recordings.upload import UploadLimits
from transcriber.resumable.completion import Completion
from transcriber.resumable.creation import Creator
from transcriber.resumable.pieces import PieceStore
from transcriber.resumable.reception import Reception
from transcriber.resumable.removal import Remover


@dataclass(frozen=True, kw_only=True)
class Resumable:
    """The work behind uploads in pieces."""

    creator: Creator
    reception: Reception
    remover: Remover


def make_resumable(
    core: Core,
    limits: UploadLimits,
    examiner: Examiner,
    acceptance: Acceptance,
    starter: JobStarter,
    *,
    early: EarlyStarts,
) -> Resumable:
    """Create the objects behind uploads in pieces."""
    settings, database = core.settings, core.servers.database
    store = PieceStore(
        database=database,
        objects=core.servers.objects,
        bucket=settings.s3_bucket_audio,
        expiry_seconds=settings.upload_expiry,
    )
    remover = Remover(database, store)
    completion = Completion(
        database=database,
        store=store,
        examiner=examiner,
        acceptance=acceptance,
        starter=starter,
        remover=remover,
    )
    return Resumable(
        creator=Creator(
            database,
            core.admission,
            max_bytes=limits.max_file_size,
            expiry_seconds=settings.upload_expiry,
        ),
        reception=Reception(database, store, completion, limits, early),
        remover=remover,
    )
