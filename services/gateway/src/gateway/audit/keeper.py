"""Background work on the audit log: storage and retention."""

import datetime as dt
from collections.abc import Callable

from google.protobuf.message import DecodeError
from nats.js import JetStreamContext

from common import bus, logging
from common.background.message_steps import Message, MessageStep
from common.errors import ValidationError
from common.postgres import Database
from gateway.audit.store import AuditLog
from securetranscribe.v1 import audit_pb2

_log = logging.get(__name__)


class AuditStep(MessageStep):
    """Stores published entries, each once."""

    name = "audit"
    items = "entries of the audit log"
    outcome = "The entry stays unstored and is listed."

    def __init__(self, database: Database, stream: JetStreamContext) -> None:
        super().__init__(database, stream)
        self._entries = AuditLog(database)

    async def subscribe(self) -> JetStreamContext.PullSubscription:
        """Bind to the consumer. The transcriber keeps the stream in order."""
        return await self._stream.pull_subscribe_bind(
            durable=bus.AUDIT_CONSUMER, stream=bus.AUDIT_STREAM
        )

    async def handle(self, message: Message) -> None:
        """Store one entry under the name of its publisher, as the subject gives it."""
        try:
            entry = audit_pb2.AuditEntry.FromString(message.payload)
        except DecodeError as error:
            raise ValidationError.of("entry", "The entry cannot be read.") from error
        await self._entries.add(entry, message.subject.rpartition(".")[2])


class AuditRetention:
    """Deletes entries after the retention of the audit log."""

    def __init__(
        self,
        entries: AuditLog,
        *,
        days: float,
        now: Callable[[], dt.datetime],
    ) -> None:
        """`days` is 0 to keep all."""
        self._entries = entries
        self._days = days
        self._now = now

    async def step(self) -> None:
        """Delete old entries."""
        if not self._days:
            return
        deleted = await self._entries.delete_before(self._now() - dt.timedelta(days=self._days))
        if deleted:
            _log.info("old entries of the audit log deleted", count=deleted)
