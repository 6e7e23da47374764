"""Sends due deliveries: many at a time, few to each receiver."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Callable

from common import cancellation, logging, telemetry
from common.background.steps import PROCESS_ENDED
from common.background.wakeups import WakeUp
from common.errors import ApplicationError
from common.postgres import Database
from gateway.webhooks import retries, signatures
from gateway.webhooks.delivery_queue import LONGEST_WAIT, DeliveryQueue, Failure
from gateway.webhooks.receiver import TIMEOUT_SECONDS, Answer, Receivers
from gateway.webhooks.signatures import SecretBox, WrongKeyError
from gateway.webhooks.webhook import Attempt, DueDelivery

#: Requests at a time in this process, and those of them to failing receivers.
MOST_AT_ONCE = 64
MOST_TO_FAILING = 32
#: Requests at a time to one receiver.
EACH, EACH_FAILING = 2, 1
#: Longer than a request takes. After a crash, the delivery is due again then.
LEASE = dt.timedelta(seconds=6 * TIMEOUT_SECONDS)
_GONE = 410
_UNREADABLE = (
    "The secret cannot be read, because SECRET_KEY has changed. Make a new one, and resume."
)
_log = logging.get(__name__)


class Sender:
    """Background loop over due deliveries. A failing one hurts only itself."""

    def __init__(
        self,
        database: Database,
        receivers: Receivers,
        secrets: SecretBox,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._receivers = receivers
        self._secrets = secrets
        self._now = now
        self._tasks: dict[asyncio.Task[None], bool] = {}
        self._stopping = False
        self.wake_up = WakeUp()

    async def step(self) -> None:
        """Begin with due deliveries, as far as there is room."""
        if self._stopping:
            return
        busy = sum(self._tasks.values())
        await self._begin(MOST_AT_ONCE - len(self._tasks), EACH, to_failing=False)
        room = min(MOST_AT_ONCE - len(self._tasks), MOST_TO_FAILING - busy)
        await self._begin(room, EACH_FAILING, to_failing=True)

    async def close(self, seconds: float) -> None:
        """Let requests in progress end for some seconds. Those left are sent again later."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        await cancellation.end(self._tasks)

    async def _begin(self, room: int, each: int, *, to_failing: bool) -> None:
        if room <= 0:
            return
        now = self._now()
        async with self._database.statements() as connection:
            leased = await DeliveryQueue(connection).lease(
                limit=room, each=each, to_failing=to_failing, now=now, until=now + LEASE
            )
        for due in leased:
            task = asyncio.create_task(self._send(due), name=f"delivery {due.delivery_id}")
            self._tasks[task] = to_failing
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        # There is room for another one.
        self.wake_up.notify()

    async def _send(self, due: DueDelivery) -> None:
        try:
            await self._attempt(due)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(1), self._database.transaction() as connection:
                    await DeliveryQueue(connection).release(due, self._now())
            raise
        except Exception as error:
            # The lease expires, and the delivery is tried again.
            _log.error(
                "delivery of a webhook failed unexpectedly",
                delivery_id=due.delivery_id,
                webhook_id=due.webhook_id,
                exc_info=None if isinstance(error, ApplicationError) else error,
                reason=error.message if isinstance(error, ApplicationError) else "",
            )

    async def _attempt(self, due: DueDelivery) -> None:
        started_at, begun = self._now(), time.monotonic()
        try:
            headers = self._signed(due, started_at)
        except WrongKeyError:
            await self._pause(due, _UNREADABLE)
            return
        if due.tries > retries.MOST_TRIES:
            answer = Answer(error=PROCESS_ENDED)
        else:
            answer = await self._receivers.post(due.url, due.body.encode(), headers)
        seconds = time.monotonic() - begun
        attempt = Attempt(
            attempt=due.attempt,
            started_at=started_at,
            milliseconds=round(1000 * seconds),
            status=answer.status,
            error=_problem(answer),
            answer=answer.body,
        )
        outcome = "failed" if attempt.error else "delivered"
        telemetry.WEBHOOK_SECONDS.labels(outcome).observe(seconds)
        if attempt.error:
            await self._failed(due, attempt, answer)
        else:
            async with self._database.transaction() as connection:
                await DeliveryQueue(connection).succeeded(due, attempt, self._now())
            _log.debug("webhook delivered", delivery_id=due.delivery_id, attempt=due.attempt)

    def _signed(self, due: DueDelivery, now: dt.datetime) -> dict[str, str]:
        secrets = [
            self._secrets.unlock(locked, due.webhook_id)
            for locked in (due.secret, due.previous_secret)
            if locked is not None
        ]
        return signatures.headers(secrets, due.delivery_id, int(now.timestamp()), due.body)

    async def _failed(self, due: DueDelivery, attempt: Attempt, answer: Answer) -> None:
        now = self._now()
        wanted = retries.retry_after_seconds(answer.retry_after, now)
        pause = None if answer.status == _GONE else retries.pause(due.tries, retry_after=wanted)
        due_at = None if pause is None else now + dt.timedelta(seconds=pause)
        if due_at is not None and due_at > due.queued_at + LONGEST_WAIT:
            due_at = None
        hold = retries.hold(answer.status, wanted)
        held_until = now + dt.timedelta(seconds=hold) if hold else None
        workspace_id: str | None = None
        async with self._database.transaction() as connection:
            queue = DeliveryQueue(connection)
            failure = Failure(due_at=due_at, held_until=held_until)
            await queue.failed(due, attempt, failure, now)
            if answer.status == _GONE:
                await queue.give_up_all(due.webhook_id, now)
                reason = "The receiver has answered 410: it wants no more."
                workspace_id = await queue.pause(due.webhook_id, reason, now)
            elif due_at is None:
                reason = f"Nothing was delivered for days. The last attempt: {attempt.error}"
                workspace_id = await queue.pause(
                    due.webhook_id, reason, now, failing_since=due.first_attempt_at
                )
        if due_at is not None:
            self.wake_up.notify_in((due_at - now).total_seconds())
        else:
            telemetry.WEBHOOKS_GIVEN_UP.inc()
        _log.info(
            "webhook not delivered",
            delivery_id=due.delivery_id,
            webhook_id=due.webhook_id,
            attempt=due.attempt,
            status=answer.status,
            last=due_at is None,
        )
        if workspace_id is not None:
            _log.warning("webhook paused", webhook_id=due.webhook_id, workspace_id=workspace_id)

    async def _pause(self, due: DueDelivery, reason: str) -> None:
        now = self._now()
        async with self._database.transaction() as connection:
            queue = DeliveryQueue(connection)
            await queue.release(due, now)
            await queue.pause(due.webhook_id, reason, now)
        _log.warning("webhook paused", webhook_id=due.webhook_id, reason=reason)


def _problem(answer: Answer) -> str:
    """Return why an answer is a failure, for the owner. Empty for a success."""
    if answer.status is None:
        return answer.error
    if 200 <= answer.status < 300:
        return ""
    if 300 <= answer.status < 400:
        return f"The receiver answered {answer.status}. Redirects are not followed."
    return f"The receiver answered {answer.status}."
