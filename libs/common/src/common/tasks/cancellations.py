"""Cancelled jobs: announced at once over core NATS, and kept in a bucket for looking up."""

import contextlib
from collections.abc import Iterator

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError
from nats.js.kv import KeyValue

from common import bus, logging
from common.tasks.task import TaskControl

_log = logging.get(__name__)


class Cancellations:
    """Cancelled jobs, as a worker sees them."""

    def __init__(self, bucket: KeyValue) -> None:
        self._bucket = bucket
        self._job_id = ""
        self._control: TaskControl | None = None
        self._told = False

    @classmethod
    async def listen(cls, client: Client, stream: JetStreamContext) -> "Cancellations":
        """Open the bucket and listen for cancellations from now on."""
        cancellations = cls(await stream.key_value(bus.CANCELLED_BUCKET))
        await client.subscribe(bus.cancel_subject("*"), cb=cancellations._on_cancel)
        return cancellations

    @contextlib.contextmanager
    def watched(self, job_id: str, control: TaskControl) -> Iterator[None]:
        """Stop the control as soon as the job's cancellation is announced."""
        self._job_id, self._control, self._told = job_id, control, False
        try:
            yield
        finally:
            self._job_id, self._control, self._told = "", None, False

    async def look_up(self) -> None:
        """Stop the watched control if the bucket has its job: the announcement may be lost."""
        if self._control is not None and await self.include(self._job_id):
            self._told = True
            self._control.stop()

    async def include(self, job_id: str) -> bool:
        """Return whether a job was cancelled. False if NATS does not answer at the moment."""
        if self._told and job_id == self._job_id:
            return True
        try:
            await self._bucket.get(job_id)
        except KeyNotFoundError:
            return False
        except nats.errors.Error as error:
            _log.warning("cannot look up cancelled jobs", error=str(error))
            return False
        return True

    async def _on_cancel(self, message: Msg) -> None:
        if self._control is not None and message.subject == bus.cancel_subject(self._job_id):
            self._told = True
            self._control.stop()
