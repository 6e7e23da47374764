"""The composition root: makes everything, serves, and takes it all down in order."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from common import bus, postgres, sessions
from common.auth import CachedAuthenticator, CallAuthenticator
from common.bus import Delivery
from common.errors import ApplicationError
from common.grpc_client import channel
from common.grpc_server import GrpcServer
from common.identity import ServiceSigner
from common.runtime import Supervisor, eventually
from common.sessions import SessionServiceAuthenticator
from securetranscribe.v1 import speaker_pb2_grpc
from speakers.decisions import DecisionBook
from speakers.diarizer_client import ClipListener, DiarizerClient
from speakers.domain.matching import Caution
from speakers.domain.voice_space import VoiceSpaces
from speakers.enrollment import Enrolment
from speakers.ledger import Ledger
from speakers.profile_refresh import Learning
from speakers.profiles import ProfileBook
from speakers.publishing import OutboxPublisher
from speakers.recognition import Recogniser
from speakers.servicer import ACCESS, SpeakerBooks, SpeakerServicer
from speakers.settings import SpeakersSettings


async def serve(settings: SpeakersSettings, supervisor: Supervisor) -> None:
    """Answers calls until the supervisor stops, then ends in order."""
    async with AsyncExitStack() as stack:
        database = postgres.Database(settings)
        stack.push_async_callback(database.close)
        await database.open()
        await postgres.migrate(database, "speakers")
        spaces = load_spaces(settings)
        await Learning(spaces).follow_spaces(database)

        client = await bus.connect(settings.nats_url.get_secret_value(), name="speakers")
        stack.push_async_callback(bus.close, client)
        stream = client.jetstream()
        await eventually(lambda: bus.ensure_streams(stream, Delivery()))

        gateway = await stack.enter_async_context(channel(settings, settings.gateway_grpc))
        tokens = CachedAuthenticator(
            SessionServiceAuthenticator(gateway), settings.session_cache_seconds
        )
        await sessions.forget_revoked(client, tokens)

        diarizer = await stack.enter_async_context(channel(settings, settings.diarizer_grpc))
        signer = ServiceSigner(settings.secret_key.get_secret_value(), "speakers")
        listener = DiarizerClient(
            diarizer, signer, timeout_seconds=settings.enrollment_timeout_seconds
        )
        servicer = SpeakerServicer(books(settings, database, spaces, listener))
        server = GrpcServer(
            settings,
            services={
                "securetranscribe.v1.SpeakerService": lambda target: (
                    speaker_pb2_grpc.add_SpeakerServiceServicer_to_server(servicer, target)
                )
            },
            authenticator=CallAuthenticator(tokens=tokens, signer=signer, access=ACCESS),
        )
        publisher = supervisor.start("outbox", OutboxPublisher(database, stream).run())
        stack.push_async_callback(_ended, publisher)
        await server.start()
        stack.push_async_callback(server.stop, settings.shutdown_grace_seconds)
        await server.ready()
        await supervisor.wait()


async def _ended(task: asyncio.Task[Any]) -> None:
    """Ends a task before what it works with is closed."""
    task.cancel()
    await asyncio.wait([task])


def books(
    settings: SpeakersSettings,
    database: postgres.Database,
    spaces: VoiceSpaces,
    listener: ClipListener,
) -> SpeakerBooks:
    """What the servicer works with."""
    learning = Learning(spaces)
    caution = Caution(
        threshold=settings.confidence_threshold,
        min_seconds=settings.voice_min_seconds,
        known_prior=settings.known_voice_prior,
    )
    return SpeakerBooks(
        profiles=ProfileBook(database, learning),
        decisions=DecisionBook(database, learning, min_seconds=settings.voice_min_seconds),
        ledger=Ledger(database, learning, spaces, clips_shared=settings.share_voice_clips),
        enrolment=Enrolment(
            database, learning, listener, min_seconds=settings.enrollment_min_seconds
        ),
        recogniser=Recogniser(database, spaces, caution),
    )


def load_spaces(settings: SpeakersSettings) -> VoiceSpaces:
    """The voice spaces that come with the service and those of the operator.

    Raises:
        ApplicationError: a file is not a voice space; the process cannot run.
    """
    try:
        return VoiceSpaces.load(settings.voice_spaces_dir)
    except ValueError as error:
        raise ApplicationError(f"VOICE_SPACES_DIR: {error}") from error
