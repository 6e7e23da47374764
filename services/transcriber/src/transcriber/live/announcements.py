"""Results of a session, published for its followers in all processes."""

import asyncio
import contextlib

import nats.errors
from nats.aio.client import Client

from common import bus, logging
from securetranscribe.v1 import live_pb2
from transcriber.live.messages import Response, followed

#: Messages that wait to be published. Followers find results beyond it in the tables.
MOST_WAITING = 1000
#: Time (seconds) for publishing the last messages.
_FLUSH_SECONDS = 1.0
_log = logging.get(__name__)


class Announcements:
    """Messages of one session on their way to followers. Nothing waits for their delivery."""

    def __init__(self, client: Client, transcription_id: int) -> None:
        self._client = client
        self._subject = bus.live_subject(transcription_id)
        self._waiting: asyncio.Queue[live_pb2.FollowLiveResponse] = asyncio.Queue(MOST_WAITING)

    def put(self, response: Response) -> None:
        """Publish a response, unless it concerns only the client that records."""
        message = followed(response)
        if message is not None and not self._waiting.full():
            self._waiting.put_nowait(message)

    async def run(self) -> None:
        """Publish messages in order until cancelled."""
        while True:
            message = await self._waiting.get()
            try:
                await self._client.publish(self._subject, message.SerializeToString())
            except nats.errors.Error as error:
                # Followers read results in the tables. Drafts are replaced by later ones.
                _log.debug("live result not announced", reason=str(error))
            finally:
                self._waiting.task_done()

    async def flush(self) -> None:
        """Wait for a moment until all messages are published."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._waiting.join()
