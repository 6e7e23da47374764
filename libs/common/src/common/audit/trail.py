"""Entries on their way to the gateway."""

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping

from nats.aio.client import Client

from common import bus, cancellation, logging, telemetry
from common.audit.actions import AUDITED
from common.audit.call import CallRecord
from common.audit.rule import Rule
from securetranscribe.v1 import audit_pb2

_log = logging.get(__name__)
#: Entries that wait while NATS is away. At some 400 bytes each, they take a few megabytes.
_MOST = 10_000
_AT_ONCE = 64
_ANSWER_SECONDS = 5.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
#: Repeated reads of the same thing, and repeated refusals, within this time are one entry.
REPEATED_SECONDS = 300.0
_MOST_REPEATED = 20_000


class Repetitions:
    """Reads and refusals of the last minutes, so that each becomes one entry."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[tuple[str, ...], float] = OrderedDict()

    def include(self, key: tuple[str, ...]) -> bool:
        """Return whether there was a call with this description just now. Remember it otherwise."""
        now = self._clock()
        if self._until.get(key, 0.0) > now:
            return True
        self._until.pop(key, None)
        self._until[key] = now + REPEATED_SECONDS
        while self._until and (
            len(self._until) > _MOST_REPEATED or next(iter(self._until.values())) <= now
        ):
            self._until.popitem(last=False)
        return False


class AuditTrail:
    """Queue of entries, published to JetStream in the background.

    Adding an entry never waits. Entries wait while NATS is away, up to `most`. Lost ones
    are counted and logged: those beyond `most`, and those left when the process ends.
    """

    def __init__(
        self,
        client: Client,
        service: str,
        *,
        most: int = _MOST,
        rules: Mapping[str, Rule] = AUDITED,
        repetitions: Repetitions | None = None,
    ) -> None:
        """`service` is the user of NATS, and the name in the entries."""
        self._client = client
        self._stream = client.jetstream(timeout=_ANSWER_SECONDS)
        self._subject = bus.audit_subject(service)
        self._service = service
        self._most = most
        self._rules = rules
        self._repetitions = repetitions or Repetitions()
        self._waiting: deque[audit_pb2.AuditEntry] = deque()
        self._added = asyncio.Event()
        self._empty = asyncio.Event()
        self._losing = False
        self._publishing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Number of unpublished entries."""
        return len(self._waiting)

    def begin(self, method: str) -> CallRecord | None:
        """Return the record of a call of a full method name, None if it is not audited."""
        rule = self._rules.get(method)
        return None if rule is None else CallRecord(rule)

    def end(self, record: CallRecord, code: str) -> None:
        """Add the entry of a call with this gRPC code, unless it repeats another.

        A failure is logged and does not hurt the call.
        """
        try:
            entry = record.entry(code, self._repetitions.include)
            if entry is not None:
                self.add(entry)
        except Exception as error:
            telemetry.AUDIT_LOST.inc()
            _log.error(
                "an entry of the audit log is lost", action=record.rule.action, exc_info=error
            )

    def add(self, entry: audit_pb2.AuditEntry) -> None:
        """Queue an entry. It is lost if too many wait."""
        if len(self._waiting) >= self._most:
            telemetry.AUDIT_LOST.inc()
            if not self._losing:
                self._losing = True
                _log.error("entries of the audit log are lost, too many wait", waiting=self._most)
            return
        entry.service = self._service
        self._waiting.append(entry)
        self._empty.clear()
        telemetry.AUDIT_WAITING.set(len(self._waiting))
        self._added.set()

    def start(self) -> None:
        """Begin to publish."""
        self._publishing = asyncio.create_task(self.run(), name="audit trail")

    async def close(self, seconds: float = _ANSWER_SECONDS) -> None:
        """Publish waiting entries for at most some seconds, and end. Count and log the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if self._waiting and self._publishing is not None:
                    await self._empty.wait()
        if self._publishing is not None:
            await cancellation.end([self._publishing])
        if self._waiting:
            telemetry.AUDIT_LOST.inc(len(self._waiting))
            _log.error("entries of the audit log are lost at the end", count=len(self._waiting))

    async def run(self) -> None:
        """Publish entries as they come, the oldest first, until cancelled."""
        pause = _FIRST_PAUSE
        while True:
            await self._added.wait()
            if await self._publish():
                pause = _FIRST_PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _publish(self) -> bool:
        """Publish the oldest entries at once. Return whether all were stored."""
        if not self._waiting:
            self._added.clear()
            self._empty.set()
            return True
        if not self._client.is_connected:
            return False
        batch = [self._waiting[n] for n in range(min(_AT_ONCE, len(self._waiting)))]
        outcomes = await asyncio.gather(*map(self._send, batch), return_exceptions=True)
        for _ in batch:
            self._waiting.popleft()
        # The identifier makes JetStream drop what it has already stored.
        failed = [entry for entry, outcome in zip(batch, outcomes, strict=True) if outcome]
        self._waiting.extendleft(reversed(failed))
        telemetry.AUDIT_WAITING.set(len(self._waiting))
        if not failed:
            self._losing = False
            return True
        reason = next(outcome for outcome in outcomes if outcome)
        _log.warning("entries of the audit log wait", count=len(self._waiting), reason=repr(reason))
        return False

    async def _send(self, entry: audit_pb2.AuditEntry) -> None:
        headers = {"Nats-Msg-Id": entry.entry_id}
        await self._stream.publish(self._subject, entry.SerializeToString(), headers=headers)
