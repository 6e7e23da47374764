"""The work behind the RPCs."""

from dataclasses import dataclass

from common.kept_events import KeptEvents
from common.least_rate import LeastRate
from common.upload_places import PlaceLimits, UploadPlaces
from transcriber.composition.captures import CaptureWork, make_captures
from transcriber.composition.core import Core
from transcriber.composition.live import make_live_sessions
from transcriber.composition.resumable import Resumable, make_resumable
from transcriber.library.bulk import BulkChanges
from transcriber.library.changes import LibraryChanges
from transcriber.library.organization import Organization
from transcriber.library.titles import TitleSuggestions
from transcriber.library.trash import Trash
from transcriber.live.sessions import LiveSessions
from transcriber.names.assignment import SpeakerNames
from transcriber.names.clips import ClipStore
from transcriber.names.suggestion import NameSuggestions
from transcriber.queue.cancellation import JobCanceller
from transcriber.queue.job_start import JobStarter
from transcriber.queue.task_planning import TaskPlanner
from transcriber.recordings.acceptance import Acceptance
from transcriber.recordings.adoption import Adoption
from transcriber.recordings.deletion import Deleter
from transcriber.recordings.early_start import EarlyStarts
from transcriber.recordings.examination import Examiner
from transcriber.recordings.ledger import LedgerWriter
from transcriber.recordings.replay import ReplayStep
from transcriber.recordings.upload import Uploader, UploadLimits
from transcriber.recordings.workspaces import WorkspaceEraser
from transcriber.search.searcher import Searcher
from transcriber.transcripts.editor import TranscriptEditor
from transcriber.transcripts.replacements import Replacements


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The work behind the RPCs."""

    uploader: Uploader
    resumable: Resumable
    captures: CaptureWork
    live: LiveSessions
    starter: JobStarter
    canceller: JobCanceller
    deleter: Deleter
    writer: LedgerWriter
    workspaces: WorkspaceEraser
    clips: ClipStore
    names: SpeakerNames
    suggestions: NameSuggestions
    editor: TranscriptEditor
    replacements: Replacements
    searcher: Searcher
    organization: Organization
    titles: TitleSuggestions
    trash: Trash
    library: LibraryChanges
    bulk: BulkChanges


def make_actions(core: Core) -> Actions:
    """Create the objects behind the RPCs."""
    settings, servers = core.settings, core.servers
    database, objects = servers.database, servers.objects
    buckets = {
        "bucket_audio": settings.s3_bucket_audio,
        "bucket_results": settings.s3_bucket_results,
    }
    planner = TaskPlanner(core.workers)
    starter = JobStarter(database, core.admission, planner, core.wake_ups)
    canceller = JobCanceller(database, servers.stream, core.wake_ups)
    clips = ClipStore(database, objects, core.threads, **buckets)
    writer = LedgerWriter(database, core.ledger)
    deleter = Deleter(database, objects, servers.speakers, canceller, writer, **buckets)
    limits = UploadLimits(
        max_file_size=settings.max_file_size,
        rate=LeastRate.of(settings),
        places=UploadPlaces(PlaceLimits.of(settings)),
    )
    examiner = Examiner(
        objects,
        core.threads,
        bucket=settings.s3_bucket_audio,
        seconds=settings.probe_timeout_seconds,
        max_duration=settings.max_duration,
    )
    adoption = Adoption(
        database,
        objects,
        core.threads,
        bucket=settings.s3_bucket_audio,
        seconds=settings.probe_timeout_seconds,
    )
    acceptance = Acceptance(
        database, core.admission, planner, adoption, voice_memory=settings.voice_memory
    )
    early = EarlyStarts(
        database,
        objects,
        core.workers,
        core.wake_ups,
        issuer=core.issuer,
        executor=core.threads,
        bucket=settings.s3_bucket_audio,
        enabled=settings.start_early,
    )
    editor = TranscriptEditor(database)
    captures = make_captures(core, examiner, acceptance, starter, deleter)
    trash, library = Trash(database, canceller), LibraryChanges(database)
    return Actions(
        uploader=Uploader(
            database,
            objects,
            starter,
            core.admission,
            examiner,
            acceptance=acceptance,
            early=early,
            bucket=settings.s3_bucket_audio,
            limits=limits,
        ),
        resumable=make_resumable(core, limits, examiner, acceptance, starter, early=early),
        captures=captures,
        live=make_live_sessions(core, captures),
        starter=starter,
        canceller=canceller,
        deleter=deleter,
        writer=writer,
        workspaces=WorkspaceEraser(database, KeptEvents(servers.client), deleter, writer),
        clips=clips,
        names=SpeakerNames(database, servers.speakers, clips, core.wake_ups),
        suggestions=NameSuggestions(database, servers.speakers),
        editor=editor,
        replacements=Replacements(database, editor),
        searcher=Searcher(database, servers.embedder),
        organization=Organization(database),
        titles=TitleSuggestions(database),
        trash=trash,
        library=library,
        bulk=BulkChanges(database, library, trash, deleter),
    )


def make_replay(core: Core, actions: Actions) -> ReplayStep:
    """Create the step for erasures after a restore."""
    return ReplayStep(
        core.servers.database,
        core.ledger,
        actions.deleter,
        actions.workspaces,
        core.servers.speakers,
    )
