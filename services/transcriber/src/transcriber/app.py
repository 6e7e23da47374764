"""Composition root of the api process: connect, put everything together, serve, shut down."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

from common.errors import TimedOutError, UnavailableError
from common.runtime import Supervisor, eventually
from transcriber.composition.actions import Actions, make_actions, make_replay
from transcriber.composition.background import make_background
from transcriber.composition.core import Core, connect_servers, make_core
from transcriber.composition.services import ACCESS, make_services
from transcriber.encryption.rotation import forget_unused_keys
from transcriber.settings import ApiSettings
from transcriber.store.expiry import Expiry

_THREADS = 4


async def serve(settings: ApiSettings, supervisor: Supervisor) -> None:
    """Serve calls and run the queue until the supervisor stops."""
    async with AsyncExitStack() as stack:
        servers = await connect_servers(settings, stack)
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="audio")
        stack.callback(threads.shutdown, wait=False, cancel_futures=True)
        core = make_core(settings, servers, threads)
        actions = make_actions(core)
        await _erase_again(core, actions)
        background, listeners = make_background(core, actions)
        server = servers.connections.server(make_services(core, actions), access=ACCESS)
        for listen in listeners:
            await listen(servers.connections.client)
        await server.start()
        background.start(supervisor)
        await server.ready()
        await supervisor.wait()
        await server.not_ready()
        core.hub.close()
        actions.live.close()
        await server.stop(settings.shutdown_grace_seconds)
        # Background steps may be cut off anywhere: their decisions are in the tables.
        await supervisor.cancel()


async def _erase_again(core: Core, actions: Actions) -> None:
    """Erase what a restored backup brought back, and voiceprints that may not be kept any more."""
    await forget_unused_keys(core.servers.database)
    replay = make_replay(core, actions)
    await eventually(replay.compare)
    with contextlib.suppress(UnavailableError, TimedOutError):  # The background goes on with it.
        await replay.step()
    if not core.settings.voice_memory:
        async with core.servers.database.transaction() as connection:
            await Expiry(connection).forget_voices()
