"""Events of transcriptions shared by others, for clients watching them."""

import asyncio
from typing import Any

from common import logging
from common.errors import ApplicationError, ValidationError
from common.postgres import Database
from gateway.api.parameters import MAX_ID
from gateway.backends import Backends
from gateway.live import messages
from gateway.live.hub import Client, Hub
from gateway.sessions.lasting import LastingSessions
from gateway.sessions.registry import SessionRegistry
from securetranscribe.v1 import event_pb2, sharing_pb2, transcription_pb2

_log = logging.get(__name__)


class SharedWatches:
    """Lets clients watch transcriptions of others, as long as these share them.

    The transcriber decides on access when the client begins and whenever a share changes.
    """

    def __init__(
        self, hub: Hub, backends: Backends, registry: SessionRegistry, database: Database
    ) -> None:
        self._hub = hub
        self._backends = backends
        self._registry = registry
        self._database = database
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, client: Client) -> None:
        """Let the opener of a link watch its transcription."""
        if not client.grant.link_id:
            return
        answer = await self._backends.ask(
            self._backends.sharing.ListSharedWithMe,
            sharing_pb2.ListSharedWithMeRequest(),
            client.grant,
        )
        for shared in answer.shared:
            self._hub.watch(client, shared.transcription.transcription_id)

    async def request(self, client: Client, message: dict[str, Any]) -> None:
        """Handle a message `watch` or `unwatch` of a client."""
        transcription_id = message.get("transcription_id")
        kind = message.get("type")
        try:
            if type(transcription_id) is not int or not 1 <= transcription_id <= MAX_ID:
                raise ValidationError.of("transcription_id", "Name a transcription.")
            if kind == "unwatch":
                self._hub.unwatch(client, transcription_id)
                return
            await self._check(client, transcription_id)
            self._hub.watch(client, transcription_id)
        except ApplicationError:
            if isinstance(transcription_id, int):
                reply = messages.access_ended(transcription_id)
                client.send_queue.put_reply(reply, str(transcription_id))

    def changed(self, event: event_pb2.TranscriptionShared) -> None:
        """Check access to a watched transcription again, without waiting for it."""
        task = asyncio.create_task(self._follow(event), name="changed share")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _follow(self, event: event_pb2.TranscriptionShared) -> None:
        try:
            if event.revoked_link_id:
                await self._end_link(event.revoked_link_id)
            watchers = self._hub.watchers(event.transcription_id)
            await asyncio.gather(
                *(self._recheck(client, event.transcription_id) for client in watchers)
            )
        except ApplicationError as error:
            _log.error("cannot follow a change of shares", reason=error.message)

    async def _recheck(self, client: Client, transcription_id: int) -> None:
        """End a watch unless it is certain that it may go on."""
        try:
            await self._check(client, transcription_id)
        except ApplicationError:
            self._hub.unwatch(client, transcription_id)
            reply = messages.access_ended(transcription_id)
            client.send_queue.put_reply(reply, str(transcription_id))

    async def _check(self, client: Client, transcription_id: int) -> None:
        """Raise an ApplicationError unless a client may read a transcription."""
        await self._backends.ask(
            self._backends.transcriptions.GetTranscription,
            transcription_pb2.GetTranscriptionRequest(
                transcription_id=transcription_id,
                view=transcription_pb2.TRANSCRIPTION_VIEW_BASIC,
            ),
            client.grant,
        )

    async def _end_link(self, link_id: str) -> None:
        async with self._database.transaction() as connection:
            ended = await LastingSessions(connection).end_of_link(link_id, self._registry.now())
        await self._registry.ended(ended)
