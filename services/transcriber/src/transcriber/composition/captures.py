"""Objects behind captures."""

from dataclasses import dataclass

from transcriber.captures.assembly import Assembler
from transcriber.captures.completion import CaptureCompletion
from transcriber.captures.creation import CaptureCreator
from transcriber.captures.finishing import CaptureEnds
from transcriber.captures.reception import ChunkReception
from transcriber.composition.core import Core
from transcriber.queue.job_start import JobStarter
from transcriber.recordings.acceptance import Acceptance
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.examination import Examiner

#: Time for joining streams of many hours, in seconds.
_JOINING_SECONDS = 1200.0


@dataclass(frozen=True, kw_only=True)
class CaptureWork:
    """The work behind captures."""

    creator: CaptureCreator
    reception: ChunkReception
    ends: CaptureEnds
    completion: CaptureCompletion


def make_captures(
    core: Core,
    examiner: Examiner,
    acceptance: Acceptance,
    starter: JobStarter,
    deleter: Deleter,
) -> CaptureWork:
    """Create the objects behind captures."""
    settings, database, objects = core.settings, core.servers.database, core.servers.objects
    bucket = settings.s3_bucket_audio
    return CaptureWork(
        creator=CaptureCreator(
            database,
            core.admission,
            idle_seconds=settings.capture_idle,
            voice_memory=settings.voice_memory,
        ),
        reception=ChunkReception(
            database,
            objects,
            core.admission,
            bucket=bucket,
            max_bytes=settings.max_file_size,
            idle_seconds=settings.capture_idle,
        ),
        ends=CaptureEnds(database, core.wake_ups, deleter),
        completion=CaptureCompletion(
            database=database,
            objects=objects,
            bucket=bucket,
            assembler=Assembler(
                objects,
                core.threads,
                bucket=bucket,
                seconds=_JOINING_SECONDS,
                max_duration=settings.max_duration,
            ),
            examiner=examiner,
            acceptance=acceptance,
            starter=starter,
        ),
    )
