"""The api process: connects, serves, and ends in order. `parts` has what it consists of."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial

from common import bus
from common.connections import connect
from common.grpc_client import channel
from common.grpc_server import AddToServer
from common.objects import ObjectStore
from common.postgres import Database, migrate
from common.runtime import Supervisor, eventually
from securetranscribe.v1 import queue_pb2_grpc, transcription_pb2_grpc
from transcriber import parts
from transcriber.api.preferences import SessionPreferences
from transcriber.names.speakers_client import SpeakersClient
from transcriber.parts import Actions, Core, Servers
from transcriber.settings import ApiSettings
from transcriber.store.outbox import SOURCE

_THREADS = 4


async def serve(settings: ApiSettings, supervisor: Supervisor) -> None:
    """Answers calls and looks after jobs until the supervisor stops."""
    async with AsyncExitStack() as stack:
        servers = await _connect(settings, stack)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="audio")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        core = parts.make_core(settings, servers, threads)
        actions = parts.make_actions(core)
        background, listeners = parts.make_background(core, actions)
        server = servers.connections.server(_services(core, actions))
        for listen in listeners:
            await listen(servers.connections.client)
        await server.start()
        background.start(supervisor)
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        core.hub.close()
        await server.stop(settings.shutdown_grace_seconds)
        # Everything in the background may be cut off anywhere: what it decided is in the tables.
        await supervisor.cancel()


def _services(core: Core, actions: Actions) -> dict[str, AddToServer]:
    transcriptions = parts.make_transcription_servicer(core, actions)
    queue = parts.make_queue_servicer(core, actions)
    return {
        "securetranscribe.v1.TranscriptionService": lambda server: (
            transcription_pb2_grpc.add_TranscriptionServiceServicer_to_server(
                transcriptions, server
            )
        ),
        "securetranscribe.v1.QueueService": lambda server: (
            queue_pb2_grpc.add_QueueServiceServicer_to_server(queue, server)
        ),
    }


async def _connect(settings: ApiSettings, stack: AsyncExitStack) -> Servers:
    """Connects to all servers, waiting for those that are still starting."""
    database = Database(settings)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, "transcriber")
    objects = ObjectStore(settings)
    stack.callback(objects.close)
    for bucket in (settings.s3_bucket_audio, settings.s3_bucket_results):
        await eventually(partial(objects.check, bucket))
    connections = await connect(settings, stack, service=SOURCE, client_name="transcriber-api")
    await eventually(partial(bus.ensure_streams, connections.stream, parts.delivery(settings)))
    speakers = await stack.enter_async_context(channel(settings, settings.speakers_grpc))
    return Servers(
        connections=connections,
        database=database,
        objects=objects,
        speakers=SpeakersClient(speakers, connections.signer),
        preferences=SessionPreferences(connections.gateway),
    )
