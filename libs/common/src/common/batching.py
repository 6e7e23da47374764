"""Batches of model inputs from several recordings at a time.

A card computes sixteen inputs in little more time than one, but the inputs of one recording do not
always fill a batch, and waiting for its decoder leaves the card idle. So one batcher per model
collects the inputs of all recordings in the worker.
"""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from common import gpu, logging, telemetry

Kind = TypeVar("Kind", bound=Hashable)
Item = TypeVar("Item")
Answer = TypeVar("Answer")

_log = logging.get(__name__)
#: Full batches without an error before the limit grows again, and the part that it grows by.
_CALM = 32
_GROWTH = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchLimits:
    """Most items per batch, and how long one waits for others, in seconds."""

    most: int
    wait_seconds: float = 0.02

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"a batch has at least one item, not {self.most}")


@dataclass(kw_only=True, slots=True, eq=False)
class _Request(Generic[Kind, Item, Answer]):
    kind: Kind
    item: Item
    arrived: float
    answer: "Future[Answer]" = field(default_factory=Future)


class Batcher(Generic[Kind, Item, Answer]):
    """Collects items of several threads, and runs those of one kind together on its own thread.

    A batch starts when it is full, when its first item has waited long enough, or when every
    recording in work waits for an answer. An error hurts only the item causing it: the items of
    a failed batch are repeated one by one. A batch that takes too much memory is halved, also for
    the following ones, and the limit grows back slowly.
    """

    def __init__(
        self,
        run: Callable[[Kind, Sequence[Item]], Sequence[Answer]],
        *,
        model: str,
        limits: BatchLimits,
        free: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`run` returns one answer per item, in order. `free` returns unused memory to the card.

        `model` is the name of the model in metrics.
        """
        self._run = run
        self._model = model
        self._limits = limits
        self._free = free
        self._clock = clock
        self._limit = limits.most
        self._calm = 0
        self._waiting: dict[Kind, deque[_Request[Kind, Item, Answer]]] = {}
        self._changed = threading.Condition()
        self._recordings = 0
        self._blocked = 0
        self._thread: threading.Thread | None = None
        telemetry.BATCH_LIMIT.labels(model).set(self._limit)

    @property
    def limit(self) -> int:
        """Most items per batch at present."""
        return self._limit

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Count a recording in work on this thread. Batches wait for its items."""
        with self._changed:
            self._recordings += 1
        try:
            yield
        finally:
            with self._changed:
                self._recordings -= 1
                self._changed.notify_all()

    def answers(self, kind: Kind, items: Iterable[Item]) -> Iterator[Answer]:
        """Yield the answer to each item, in order.

        Items for two batches are taken ahead: one runs while the next one is prepared.

        Only items of one `kind` share a batch. Items whose answers are no longer wanted, because
        the iterator was closed, are taken out of the queue.

        Raises the error of an item in place of its answer.
        """
        ahead: deque[_Request[Kind, Item, Answer]] = deque()
        source = iter(items)
        owner = threading.get_ident()
        try:
            while True:
                for item in source:
                    ahead.append(self._submit(kind, item))
                    if len(ahead) >= 2 * self._limits.most:
                        break
                if not ahead:
                    return
                answer = self._answer(ahead[0])
                ahead.popleft()
                yield answer
        finally:
            running = self._withdraw(ahead)
            # The iterator may also end on a thread that frees its memory, which must not wait.
            if owner == threading.get_ident():
                for request in running:
                    request.answer.exception()

    def _submit(self, kind: Kind, item: Item) -> _Request[Kind, Item, Answer]:
        request: _Request[Kind, Item, Answer] = _Request(
            kind=kind, item=item, arrived=self._clock()
        )
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=f"batches-{self._model}", daemon=True
                )
                self._thread.start()
            self._waiting.setdefault(kind, deque()).append(request)
            telemetry.BATCH_QUEUE.labels(self._model).inc()
            self._changed.notify_all()
        return request

    def _answer(self, request: _Request[Kind, Item, Answer]) -> Answer:
        """Wait for an answer. Work in a batch cannot be left, so that a stuck one is noticed."""
        with self._changed:
            self._blocked += 1
            self._changed.notify_all()
        try:
            return request.answer.result()
        finally:
            with self._changed:
                self._blocked -= 1

    def _withdraw(
        self, requests: Iterable[_Request[Kind, Item, Answer]]
    ) -> list[_Request[Kind, Item, Answer]]:
        """Take requests out of the queue. Return those whose batch has begun."""
        running = []
        with self._changed:
            for request in requests:
                queue = self._waiting.get(request.kind)
                if queue is not None and request in queue:
                    self._remove(queue, request)
                else:
                    running.append(request)
        return running

    def _remove(
        self,
        queue: deque[_Request[Kind, Item, Answer]],
        request: _Request[Kind, Item, Answer],
    ) -> None:
        queue.remove(request)
        telemetry.BATCH_QUEUE.labels(self._model).dec()
        if not queue:
            self._waiting.pop(request.kind, None)

    def _work(self) -> None:
        while True:
            self._process(self._next())

    def _next(self) -> list[_Request[Kind, Item, Answer]]:
        """Wait until a batch may start, and take it from the queue."""
        with self._changed:
            while True:
                queue, seconds = self._ready()
                if queue is not None:
                    break
                self._changed.wait(seconds)
            batch = [queue[number] for number in range(min(self._limit, len(queue)))]
            now = self._clock()
            for request in batch:
                self._remove(queue, request)
                telemetry.BATCH_WAIT_SECONDS.labels(self._model).observe(now - request.arrived)
            return batch

    def _ready(self) -> tuple[deque[_Request[Kind, Item, Answer]] | None, float | None]:
        """Return the items to start with, or how long to wait for more, None without any."""
        now = self._clock()
        nobody_adds = self._blocked >= max(1, self._recordings)
        queues = sorted(self._waiting.values(), key=lambda queue: queue[0].arrived)
        for queue in queues:
            late = now - queue[0].arrived >= self._limits.wait_seconds
            if late or nobody_adds or len(queue) >= self._limit:
                return queue, 0.0
        if not queues:
            return None, None
        return None, self._limits.wait_seconds - (now - queues[0][0].arrived)

    def _process(self, batch: Sequence[_Request[Kind, Item, Answer]]) -> None:
        """Run a batch and hand out its answers, in smaller batches where it fails."""
        telemetry.BATCH_SIZE.labels(self._model).observe(len(batch))
        try:
            answers = list(self._run(batch[0].kind, [request.item for request in batch]))
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers for {len(batch)} items")
        except Exception as error:
            failure = error
        except BaseException as error:
            # A library cannot end the thread, it only fails.
            failure = RuntimeError(f"the library raised {type(error).__name__}")
            failure.__cause__ = error
        else:
            for request, answer in zip(batch, answers, strict=True):
                request.answer.set_result(answer)
            self._grow(len(batch))
            return
        self._recover(batch, failure)

    def _recover(self, batch: Sequence[_Request[Kind, Item, Answer]], failure: Exception) -> None:
        size = 1
        if gpu.is_out_of_memory(failure):
            # The frames of the error hold what the batch has allocated.
            traceback.clear_frames(failure.__traceback__)
            self._free()
            size = max(1, len(batch) // 2)
            self._shrink(size)
        if len(batch) == 1:
            batch[0].answer.set_exception(failure)
            return
        if size == 1:
            telemetry.BATCH_SPLITS.labels(self._model).inc()
        _log.warning(
            "batch is repeated in smaller ones",
            model=self._model,
            items=len(batch),
            size=size,
            error=repr(failure),
        )
        done = 0
        while done < len(batch):
            # The limit may have shrunk further.
            count = min(size, self._limit)
            self._process(batch[done : done + count])
            done += count

    def _shrink(self, limit: int) -> None:
        telemetry.BATCH_HALVINGS.labels(self._model).inc()
        self._calm = 0
        self._set_limit(min(self._limit, limit))

    def _grow(self, size: int) -> None:
        """Count a successful batch. Only full ones show that there is room for more."""
        if size < self._limit or self._limit >= self._limits.most:
            return
        self._calm += 1
        if self._calm >= _CALM:
            self._calm = 0
            more = max(1, self._limit // _GROWTH)
            self._set_limit(min(self._limits.most, self._limit + more))

    def _set_limit(self, limit: int) -> None:
        self._limit = limit
        telemetry.BATCH_LIMIT.labels(self._model).set(limit)
