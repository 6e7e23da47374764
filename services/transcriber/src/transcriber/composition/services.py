"""Servicers of the gRPC services."""

import datetime as dt
from dataclasses import replace
from functools import partial

from common import versions
from common.byte_rates import ByteRates
from common.grpc_server import AddToServer
from common.maintenance import OwnItems
from common.rate_limits import RateLimits
from securetranscribe.v1 import (
    admin_pb2_grpc,
    capture_pb2_grpc,
    imports_pb2_grpc,
    library_pb2_grpc,
    live_pb2_grpc,
    playback_pb2_grpc,
    queue_pb2_grpc,
    reprocessing_pb2_grpc,
    search_pb2_grpc,
    sharing_pb2_grpc,
    status_pb2_grpc,
    transcript_pb2_grpc,
    transcription_pb2_grpc,
    turns_pb2_grpc,
    upload_pb2_grpc,
    vocabulary_pb2_grpc,
    workspace_settings_pb2_grpc,
)
from transcriber.api import (
    admin_servicer,
    sharing_servicer,
    status_servicer,
    transcription_servicer,
    workspace_settings_servicer,
)
from transcriber.api.admin_servicer import AdminDependencies, AdminServicer
from transcriber.api.capture_servicer import CaptureDependencies, CaptureServicer
from transcriber.api.import_servicer import ImportServicer
from transcriber.api.library_servicer import LibraryDependencies, LibraryServicer
from transcriber.api.playback_servicer import PlaybackServicer
from transcriber.api.queue_servicer import QueueServicer
from transcriber.api.reprocessing_servicer import ReprocessingServicer
from transcriber.api.search_servicer import SearchServicer
from transcriber.api.service_items import ServiceItems
from transcriber.api.sharing_servicer import SharingServicer
from transcriber.api.status_servicer import StatusServicer
from transcriber.api.storage_figures import StorageFigures
from transcriber.api.system_status import SystemStatus
from transcriber.api.transcript_servicer import TranscriptServicer
from transcriber.api.transcription_servicer import (
    TranscriptionDependencies,
    TranscriptionServicer,
)
from transcriber.api.turn_servicer import TurnServicer
from transcriber.api.upload_servicer import UploadDependencies, UploadServicer
from transcriber.api.vocabulary_servicer import VocabularyServicer
from transcriber.api.workspace_settings_servicer import WorkspaceSettingsServicer
from transcriber.composition.actions import Actions
from transcriber.composition.core import Core
from transcriber.composition.live import make_live_servicer
from transcriber.domain.workspace_settings import Bounds
from transcriber.encryption.earlier import EarlierRecordings
from transcriber.imports.importer import TranscriptImporter
from transcriber.recordings.playback import PlaybackReader
from transcriber.recordings.reading import RecordingReader
from transcriber.sharing.links import TranscriptionLinks
from transcriber.sharing.shares import TranscriptionShares
from transcriber.store.dead_letters import DeadLetters
from transcriber.store.status_versions import StatusVersions
from transcriber.transcripts.comparisons import Comparisons
from transcriber.transcripts.conflict_resolution import ConflictResolver
from transcriber.transcripts.diarized_turns import TurnReader
from transcriber.vocabulary.application import VocabularyEdits
from transcriber.vocabulary.catalog import VocabularyCatalog
from transcriber.vocabulary.suggestions import VocabularySuggestions

#: Access rules of all services.
ACCESS = {
    **transcription_servicer.ACCESS,
    **admin_servicer.ACCESS,
    **sharing_servicer.ACCESS,
    **status_servicer.ACCESS,
    **workspace_settings_servicer.ACCESS,
}


def make_services(core: Core, actions: Actions) -> dict[str, AddToServer]:
    """Create all servicers, each to be added to a server, by the names of their services."""
    transcripts = TranscriptServicer(
        core.servers.database,
        actions.editor,
        actions.replacements,
        Comparisons(core.servers.database),
        core.access,
    )
    return {
        "securetranscribe.v1.AdminService": partial(
            admin_pb2_grpc.add_AdminServiceServicer_to_server, make_admin_servicer(core, actions)
        ),
        "securetranscribe.v1.TranscriptionService": partial(
            transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server,
            make_transcription_servicer(core, actions),
        ),
        "securetranscribe.v1.StatusService": partial(
            status_pb2_grpc.add_StatusServiceServicer_to_server,
            StatusServicer(_status_versions(core)),
        ),
        "securetranscribe.v1.TranscriptService": partial(
            transcript_pb2_grpc.add_TranscriptServiceServicer_to_server, transcripts
        ),
        "securetranscribe.v1.LibraryService": partial(
            library_pb2_grpc.add_LibraryServiceServicer_to_server,
            make_library_servicer(core, actions),
        ),
        "securetranscribe.v1.PlaybackService": partial(
            playback_pb2_grpc.add_PlaybackServiceServicer_to_server, make_playback_servicer(core)
        ),
        "securetranscribe.v1.SearchService": partial(
            search_pb2_grpc.add_SearchServiceServicer_to_server,
            SearchServicer(actions.searcher, core.access),
        ),
        "securetranscribe.v1.SharingService": partial(
            sharing_pb2_grpc.add_SharingServiceServicer_to_server, make_sharing_servicer(core)
        ),
        "securetranscribe.v1.VocabularyService": partial(
            vocabulary_pb2_grpc.add_VocabularyServiceServicer_to_server,
            make_vocabulary_servicer(core, actions),
        ),
        "securetranscribe.v1.ReprocessingService": partial(
            reprocessing_pb2_grpc.add_ReprocessingServiceServicer_to_server,
            make_reprocessing_servicer(core, actions),
        ),
        "securetranscribe.v1.ImportService": partial(
            imports_pb2_grpc.add_ImportServiceServicer_to_server,
            ImportServicer(TranscriptImporter(core.servers.database), core.access),
        ),
        "securetranscribe.v1.TurnService": partial(
            turns_pb2_grpc.add_TurnServiceServicer_to_server, make_turn_servicer(core)
        ),
        "securetranscribe.v1.UploadService": partial(
            upload_pb2_grpc.add_UploadServiceServicer_to_server, make_upload_servicer(core, actions)
        ),
        "securetranscribe.v1.CaptureService": partial(
            capture_pb2_grpc.add_CaptureServiceServicer_to_server,
            make_capture_servicer(core, actions),
        ),
        "securetranscribe.v1.LiveService": partial(
            live_pb2_grpc.add_LiveServiceServicer_to_server, make_live_servicer(core, actions.live)
        ),
        "securetranscribe.v1.QueueService": partial(
            queue_pb2_grpc.add_QueueServiceServicer_to_server, make_queue_servicer(core, actions)
        ),
        "securetranscribe.v1.WorkspaceSettingsService": partial(
            workspace_settings_pb2_grpc.add_WorkspaceSettingsServiceServicer_to_server,
            WorkspaceSettingsServicer(core.servers.database, _bounds(core)),
        ),
    }


def make_transcription_servicer(core: Core, actions: Actions) -> TranscriptionServicer:
    """Create the servicer of TranscriptionService."""
    return TranscriptionServicer(
        TranscriptionDependencies(
            database=core.servers.database,
            uploader=actions.uploader,
            starter=actions.starter,
            deleter=actions.deleter,
            names=actions.names,
            clips=actions.clips,
            monitor=core.monitor,
            hub=core.hub,
            preferences=core.servers.preferences,
            retention=core.settings.retention,
            workspaces=actions.workspaces,
            priorities=core.priorities,
            models=core.models,
            editor=actions.editor,
            recordings=RecordingReader(core.servers.objects, bucket=core.settings.s3_bucket_audio),
            versions=_status_versions(core),
            access=core.access,
        )
    )


def _status_versions(core: Core) -> StatusVersions:
    release = f"{versions.installed('transcriber')} {core.settings.retention}"
    return StatusVersions(core.servers.database, release)


def make_library_servicer(core: Core, actions: Actions) -> LibraryServicer:
    """Create the servicer of LibraryService."""
    return LibraryServicer(
        LibraryDependencies(
            database=core.servers.database,
            organization=actions.organization,
            titles=actions.titles,
            trash=actions.trash,
            changes=actions.library,
            bulk=actions.bulk,
            retention=core.settings.retention,
            access=core.access,
        )
    )


def make_vocabulary_servicer(core: Core, actions: Actions) -> VocabularyServicer:
    """Create the servicer of VocabularyService."""
    database = core.servers.database
    return VocabularyServicer(
        VocabularyCatalog(database),
        VocabularySuggestions(database),
        VocabularyEdits(database, actions.editor),
        core.access,
    )


def make_playback_servicer(core: Core) -> PlaybackServicer:
    """Create the servicer of PlaybackService."""
    servers = core.servers
    return PlaybackServicer(
        PlaybackReader(servers.database, servers.objects, bucket=core.settings.s3_bucket_results),
        core.access,
    )


def make_reprocessing_servicer(core: Core, actions: Actions) -> ReprocessingServicer:
    """Create the servicer of ReprocessingService."""
    return ReprocessingServicer(
        core.servers.database,
        actions.starter,
        ConflictResolver(core.servers.database),
        core.priorities,
        core.monitor,
        models=core.models,
        access=core.access,
    )


def make_sharing_servicer(core: Core) -> SharingServicer:
    """Create the servicer of SharingService."""
    database = core.servers.database
    return SharingServicer(
        database,
        TranscriptionShares(database, core.access, core.wake_ups),
        TranscriptionLinks(
            database,
            core.access,
            core.wake_ups,
            may_last=core.settings.links_may_last,
            visit=dt.timedelta(seconds=core.settings.link_visit),
        ),
        core.settings.retention,
    )


def make_turn_servicer(core: Core) -> TurnServicer:
    """Create the servicer of TurnService."""
    servers = core.servers
    bucket = core.settings.s3_bucket_results
    reader = TurnReader(servers.database, servers.objects, core.threads, bucket=bucket)
    return TurnServicer(reader, core.access)


def make_upload_servicer(core: Core, actions: Actions) -> UploadServicer:
    """Create the servicer of UploadService."""
    return UploadServicer(
        UploadDependencies(
            database=core.servers.database,
            creator=actions.resumable.creator,
            reception=actions.resumable.reception,
            remover=actions.resumable.remover,
            preferences=core.servers.preferences,
            priorities=core.priorities,
            models=core.models,
            rates=ByteRates(RateLimits.configured(core.settings)),
        )
    )


def make_capture_servicer(core: Core, actions: Actions) -> CaptureServicer:
    """Create the servicer of CaptureService."""
    return CaptureServicer(
        CaptureDependencies(
            database=core.servers.database,
            creator=actions.captures.creator,
            reception=actions.captures.reception,
            ends=actions.captures.ends,
            preferences=core.servers.preferences,
            priorities=core.priorities,
            models=core.models,
            rates=ByteRates(RateLimits.configured(core.settings)),
        )
    )


def make_queue_servicer(core: Core, actions: Actions) -> QueueServicer:
    """Create the servicer of QueueService."""
    return QueueServicer(
        core.servers.database,
        core.monitor,
        actions.canceller,
        core.wake_ups,
        core.priorities,
        models=core.models,
        quotas=core.admission.quotas,
    )


def _bounds(core: Core) -> Bounds:
    """Return the bounds of the settings of workspaces."""
    settings, quotas = core.settings, core.admission.quotas
    deployment = replace(
        settings.retention.settings,
        voice_memory=settings.voice_memory,
        stored_bytes=quotas.stored_bytes,
        queued_seconds=quotas.queued_seconds,
        queue_weight=1.0,
    )
    return Bounds(deployment=deployment, warning=settings.retention.warning)


def make_admin_servicer(core: Core, actions: Actions) -> AdminServicer:
    """Create the servicer of AdminService."""
    return AdminServicer(
        AdminDependencies(
            administrators=core.administrators,
            database=core.servers.database,
            deleter=actions.deleter,
            workspaces=actions.workspaces,
            speakers=core.servers.speakers,
            sessions=core.servers.sessions,
            retention=core.settings.retention,
            storage=StorageFigures(
                core.servers.database, core.servers.objects, core.settings.retention
            ),
            system=SystemStatus(
                core.servers.database,
                core.monitor,
                core.workers,
                capacity=core.admission.quotas.queue_size,
            ),
            items=_service_items(core),
            earlier=EarlierRecordings(core.servers.database, encrypting=core.settings.encryption),
        )
    )


def _service_items(core: Core) -> ServiceItems:
    own = OwnItems(core.servers.database, also=lambda connection: DeadLetters(connection).listed())
    return ServiceItems({"transcriber": own, **core.servers.items})
