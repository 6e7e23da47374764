"""Composition root: create all parts, serve, and shut down in order."""

from contextlib import AsyncExitStack

from nats.aio.client import Client
from nats.js import JetStreamContext

from common import bus, maintenance_servicer, postgres
from common.background.registry import Background, Work
from common.call_limits import CLIP_LIMITS
from common.connections import connect
from common.errors import ApplicationError
from common.outbox import OutboxRelay
from common.runtime import Supervisor, eventually
from common.settings import AuthMode
from securetranscribe.v1 import speaker_pb2_grpc
from speakers.comparison import VoiceComparison
from speakers.decisions import VoiceDecisions
from speakers.diarizer_client import DiarizerClient
from speakers.domain.matching import MatchPolicy
from speakers.domain.pool import Pools
from speakers.domain.voice_space import VoiceSpaces
from speakers.enrollment import Enrollment
from speakers.erasure import VoiceEraser
from speakers.ledger import Ledger
from speakers.profile_refresh import ProfileRefresher, PrototypeStep
from speakers.profiles import ProfileCatalog
from speakers.protection import ProfileGuard
from speakers.recognition import VoiceRecognizer
from speakers.servicer import ACCESS, SpeakerServicer
from speakers.settings import SpeakersSettings
from speakers.trash import ProfileTrash, ProfileTrashStep

#: Messages are published at once. This finds those of a process that died.
_OUTBOX_SECONDS = 5.0


async def serve(settings: SpeakersSettings, supervisor: Supervisor) -> None:
    """Serve until the supervisor stops, then shut down in order."""
    async with AsyncExitStack() as stack:
        database = postgres.Database(settings)
        stack.push_async_callback(database.close)
        await database.open()
        await postgres.migrate(database, "speakers")
        spaces = load_spaces(settings)

        connections = await connect(settings, stack, service="speakers")
        await eventually(lambda: bus.ensure_events(connections.stream))

        diarizer = await stack.enter_async_context(
            connections.channel(settings.diarizer_grpc, "diarizer")
        )
        client = DiarizerClient(diarizer, timeout_seconds=settings.enrollment_timeout_seconds)
        servicer = create_servicer(settings, database, spaces, client)
        server = connections.server(
            {
                "securetranscribe.v1.SpeakerService": lambda target: (
                    speaker_pb2_grpc.add_SpeakerServiceServicer_to_server(servicer, target)
                ),
                maintenance_servicer.SERVICE: lambda target: maintenance_servicer.add_to(
                    target, database
                ),
            },
            access={**ACCESS, **maintenance_servicer.ACCESS},
            limits=CLIP_LIMITS,
        )
        background = create_background(database, spaces, connections.client, connections.stream)
        if not settings.voice_memory:
            await eventually(create_eraser(settings, database, spaces).forget_all)
        # Before the first call, so that an update never compares voices of two spaces.
        await eventually(PrototypeStep(database, ProfileRefresher(spaces)).finish)
        background.start(supervisor)
        # The steps end before the connections they work with.
        stack.push_async_callback(supervisor.cancel)
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        await server.ready()
        await supervisor.wait()


def create_background(
    database: postgres.Database, spaces: VoiceSpaces, client: Client, stream: JetStreamContext
) -> Background:
    """Create the registry of background steps."""
    return Background(
        database,
        (
            Work(step=OutboxRelay(database, client, stream), every=_OUTBOX_SECONDS),
            Work(step=PrototypeStep(database, ProfileRefresher(spaces)), every=60.0),
            Work(step=ProfileTrashStep(database), every=60.0),
        ),
    )


def create_servicer(
    settings: SpeakersSettings,
    database: postgres.Database,
    spaces: VoiceSpaces,
    diarizer: DiarizerClient,
) -> SpeakerServicer:
    """Create the servicer and the domain objects behind it."""
    refresher = ProfileRefresher(spaces)
    policy = MatchPolicy(
        threshold=settings.confidence_threshold,
        min_seconds=settings.voice_min_seconds,
        known_prior=settings.known_voice_prior,
    )
    guard = ProfileGuard(protects=settings.protect_profiles)
    return SpeakerServicer(
        profiles=ProfileCatalog(database, refresher, guard),
        decisions=VoiceDecisions(
            database,
            refresher,
            min_seconds=settings.voice_min_seconds,
            voice_memory=settings.voice_memory,
        ),
        ledger=Ledger(database, refresher, spaces, guard, clips_shared=settings.share_voice_clips),
        trash=ProfileTrash(database, refresher, guard),
        enrollment=Enrollment(
            database,
            refresher,
            diarizer,
            min_seconds=settings.enrollment_min_seconds,
            voice_memory=settings.voice_memory,
        ),
        recognizer=VoiceRecognizer(database, spaces, policy),
        comparison=VoiceComparison(diarizer, spaces, policy, voice_memory=settings.voice_memory),
        eraser=create_eraser(settings, database, spaces),
        pools=Pools(per_workspace=settings.auth_mode is AuthMode.ACCOUNTS),
    )


def create_eraser(
    settings: SpeakersSettings, database: postgres.Database, spaces: VoiceSpaces
) -> VoiceEraser:
    """Create the eraser of voices."""
    return VoiceEraser(database, ProfileRefresher(spaces), clips_shared=settings.share_voice_clips)


def load_spaces(settings: SpeakersSettings) -> VoiceSpaces:
    """Load the bundled voice spaces and those of the operator.

    Raises:
        ApplicationError: A file is not a voice space.
    """
    try:
        return VoiceSpaces.load(settings.voice_spaces_dir)
    except ValueError as error:
        raise ApplicationError(f"VOICE_SPACES_DIR: {error}") from error
