"""Background steps, and the subscriptions feeding them."""

from collections.abc import Awaitable, Callable
from functools import partial

from nats.aio.client import Client

from common.background.registry import Background, Loop, Work
from transcriber.captures.completion import CaptureStep
from transcriber.composition.actions import Actions, make_replay
from transcriber.composition.core import Core
from transcriber.encryption.earlier import EncryptionStep, remove_leftovers
from transcriber.encryption.key_ring import KeyRing
from transcriber.encryption.rotation import KeyRotationStep, forget_unused_keys
from transcriber.library.titles import TitleStep
from transcriber.library.trash import TrashStep
from transcriber.names.clips import ClipStep
from transcriber.names.follow_up import DecisionsStep, NamesStep
from transcriber.names.profile_follower import ProfileFollower
from transcriber.names.suggestion import NameSuggestions
from transcriber.outbox.relay import JobOutboxRelay
from transcriber.queue.announcer import QueueAnnouncer
from transcriber.queue.dispatcher import Dispatcher
from transcriber.queue.early_parts import EarlyPartStep
from transcriber.queue.overdue import OverdueStep
from transcriber.queue.reconciler import LostTaskStep
from transcriber.queue.results import ResultStep
from transcriber.recordings.cleanup import RecordingStep, StaleUploadStep, forget_dead_tasks
from transcriber.recordings.deletion import DeletionStep
from transcriber.recordings.expiry import ExpiryWarningStep, RetentionStep
from transcriber.recordings.ledger import LedgerStep
from transcriber.recordings.playback import SupersededCopyStep
from transcriber.recordings.playback_joining import CopyJoiner
from transcriber.resumable.removal import ResumableUploadStep
from transcriber.search.steps import EmbeddingBacklog, EmbeddingStep, SearchTextStep
from transcriber.store.times_ahead import times_ahead
from transcriber.transcripts.completion import MergeStep
from transcriber.transcripts.partial import PartialTranscriptStep
from transcriber.transcripts.word_times import WordTimesStep

Listener = Callable[[Client], Awaitable[None]]
# Steps are taken as soon as a process gives them work. How often they look for work besides limits
# how long the work of a process that died stays undone, and that which becomes due with time.
#: Seconds between looks for work that users wait for.
_SOON = 5.0
#: Seconds between looks for other work.
_LATER = 10.0


def make_background(core: Core, actions: Actions) -> tuple[Background, tuple[Listener, ...]]:
    """Create the registry of background steps, and their subscriptions."""
    settings, servers, wake_ups = core.settings, core.servers, core.wake_ups
    database, stream, suggestions = servers.database, servers.stream, actions.suggestions
    announcer = QueueAnnouncer(database, core.monitor, core.publisher, wake_ups.queue)
    lost = _lost_tasks(core)
    dispatcher = Dispatcher(database, core.workers, wake_ups, issuer=core.issuer)
    overdue = OverdueStep(
        database, core.workers, wake_ups, processing_timeout=settings.processing_timeout
    )
    uploads = StaleUploadStep(database, servers.objects, bucket=settings.s3_bucket_audio)
    recordings = RecordingStep(
        database,
        servers.objects,
        bucket=settings.s3_bucket_audio,
        retention=settings.retention,
    )
    retention = RetentionStep(database, actions.deleter, retention=settings.retention)
    warnings = ExpiryWarningStep(database, retention=settings.retention)
    trash = TrashStep(database, actions.deleter, seconds=settings.retention.trash)
    background = Background(
        database,
        (
            Work(
                step=JobOutboxRelay(database, servers.client, stream),
                every=_SOON,
                wake_up=wake_ups.outbox,
            ),
            Work(
                step=dispatcher,
                every=_SOON,
                wake_up=wake_ups.dispatch,
            ),
            Work(step=_merges(core, suggestions), every=_SOON, wake_up=wake_ups.settle),
            Work(step=_partial_transcripts(core), every=_SOON, wake_up=wake_ups.partial),
            Work(step=core.recorder, every=_SOON, wake_up=wake_ups.progress),
            Work(step=ResultStep(database, stream, core.delivery, wake_ups), every=0.0),
            Work(step=ProfileFollower(database, servers.client), every=0.0),
            Work(step=overdue, every=_SOON),
            Work(step=lost, every=_SOON),
            Work(step=ClipStep(database, actions.clips), every=_LATER, wake_up=wake_ups.clips),
            Work(step=SearchTextStep(database), every=_LATER),
            Work(step=EmbeddingStep(database, servers.embedder), every=_LATER),
            Work(step=_word_times(core), every=_LATER),
            Work(step=NamesStep(database, suggestions, wake_ups.outbox), every=_LATER),
            Work(step=DecisionsStep(database, actions.names), every=_LATER),
            Work(step=DeletionStep(database, actions.deleter), every=_LATER),
            Work(step=uploads, every=_LATER),
            Work(step=_early_parts(core), every=_LATER),
            Work(step=ResumableUploadStep(database, actions.resumable.remover), every=10.0),
            Work(
                step=CaptureStep(
                    database, actions.captures.completion, idle_seconds=settings.capture_idle
                ),
                every=_SOON,
                wake_up=wake_ups.captures,
            ),
            Work(step=_superseded_copies(core), every=_LATER),
            Work(step=recordings, every=_LATER),
            Work(step=warnings, every=60.0),
            Work(step=retention, every=60.0),
            Work(step=trash, every=60.0),
            Work(step=TitleStep(database, actions.titles), every=_LATER),
            Work(step=LedgerStep(database, actions.writer), every=_LATER),
            Work(step=KeyRotationStep(database, servers.holder), every=_LATER),
            Work(step=_encryption(core), every=_LATER),
            Work(step=make_replay(core, actions), every=_LATER),
        ),
        (
            Loop(name="queue", take=announcer.step, every=10.0, wake_up=wake_ups.queue),
            Loop(name="queue-depth", take=dispatcher.measure, every=10.0),
            Loop(name="search-backlog", take=EmbeddingBacklog(database).measure, every=15.0),
            Loop(name="dead-tasks", take=partial(forget_dead_tasks, database), every=3600.0),
            Loop(
                name="plain-leftovers",
                take=partial(remove_leftovers, database, servers.objects),
                every=60.0,
            ),
            Loop(name="unused-keys", take=partial(forget_unused_keys, database), every=3600.0),
        ),
        times=times_ahead(settings.capture_idle),
    )
    listeners = (
        core.workers.listen,
        core.recorder.listen,
        core.hub.listen,
        lost.listen,
        announcer.listen,
    )
    return background, listeners


def _encryption(core: Core) -> EncryptionStep:
    buckets = {
        "bucket_audio": core.settings.s3_bucket_audio,
        "bucket_results": core.settings.s3_bucket_results,
    }
    keys = KeyRing(
        core.servers.database,
        core.servers.holder,
        bucket_audio=core.settings.s3_bucket_audio,
        encrypting=core.settings.encryption,
    )
    return EncryptionStep(core.servers.database, core.servers.objects, keys, **buckets)


def _merges(core: Core, suggestions: NameSuggestions) -> MergeStep:
    return MergeStep(
        core.servers.database,
        core.servers.objects,
        suggestions,
        core.wake_ups,
        core.threads,
        copies=CopyJoiner(
            core.servers.database, core.servers.objects, bucket=core.settings.s3_bucket_results
        ),
        bucket_results=core.settings.s3_bucket_results,
    )


def _partial_transcripts(core: Core) -> PartialTranscriptStep:
    return PartialTranscriptStep(
        core.servers.database,
        core.servers.objects,
        core.publisher,
        bucket_results=core.settings.s3_bucket_results,
    )


def _early_parts(core: Core) -> EarlyPartStep:
    return EarlyPartStep(
        core.servers.database,
        core.servers.objects,
        core.servers.stream,
        core.wake_ups,
        bucket_audio=core.settings.s3_bucket_audio,
        bucket_results=core.settings.s3_bucket_results,
    )


def _superseded_copies(core: Core) -> SupersededCopyStep:
    return SupersededCopyStep(
        core.servers.database, core.servers.objects, bucket=core.settings.s3_bucket_results
    )


def _word_times(core: Core) -> WordTimesStep:
    return WordTimesStep(
        core.servers.database,
        core.servers.objects,
        core.servers.aligner,
        core.threads,
        bucket_audio=core.settings.s3_bucket_audio,
        bucket_results=core.settings.s3_bucket_results,
    )


def _lost_tasks(core: Core) -> LostTaskStep:
    return LostTaskStep(
        core.servers.database,
        core.servers.stream,
        core.servers.objects,
        core.workers,
        core.wake_ups,
        delivery=core.delivery,
        bucket_results=core.settings.s3_bucket_results,
    )
