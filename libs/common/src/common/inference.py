"""The threads of a worker's models, and the watch that stops work that stalls on them."""

import asyncio
import contextvars
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from common import gpu, logging
from common.errors import ResourceExhaustedError, TimedOutError
from common.tasks.interruption import (
    InterruptedWorkError,
    LostThreadError,
    MemoryExceededError,
    PreventedWorkError,
    StalledWorkError,
)
from common.tasks.memory import MemoryLimit
from common.tasks.pace import Pace, Patience, ProgressWatch
from common.tasks.task import TaskCancelledError, TaskControl
from common.tasks.turns import Turns

Answer = TypeVar("Answer")
_log = logging.get(__name__)
_WAITING_CALLS = 8
#: How often work is looked at, in seconds.
_TICK_SECONDS = 0.25
#: How long work that takes too much memory may take to return: it may go on growing.
_RETURN_MEMORY_SECONDS = 3.0
_LOST = "The worker is being replaced. Try again."


class Inference:
    """Runs blocking model code off the event loop, one piece at a time or few together.

    A waiting task goes before all direct calls (see `common.tasks.turns`). More than a few waiting
    calls are refused. Work without progress or with too much memory is stopped. `replacement` is
    set when this process cannot go on: a thread or its card is lost, or its memory does not come
    back.
    """

    def __init__(
        self,
        name: str,
        *,
        patience: Patience | None = None,
        memory: MemoryLimit | None = None,
        most_calls: int = _WAITING_CALLS,
    ) -> None:
        """`most_calls` is the number of calls at a time. More are refused."""
        self._name = name
        self._most_calls = most_calls
        self._lanes: list[Inference] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._patience = patience or Patience()
        self._memory = memory or MemoryLimit(0)
        self._pace = Pace()
        self._turns = Turns()
        self._waiting = 0
        self._calls: set[asyncio.Task[Any]] = set()
        # Work that has begun, in that order.
        self._running: list[TaskControl] = []
        self._runs = 0
        self.replacement = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Whether at most one piece of work has begun in this process."""
        return self._runs <= 1

    @property
    def busy(self) -> bool:
        """Whether a task that comes now has to wait for other work to end."""
        return self._turns.taken

    @property
    def shut(self) -> bool:
        """Whether a task that comes now is prevented by work that runs alone."""
        return self._turns.shut

    def widen(self, at_once: int) -> None:
        """Run so many pieces of work at a time, each on a thread of its own. Call it before any.

        The models must have been loaded by an engine that permits it (see
        `common.engines.Concurrent`).
        """
        if at_once == self._turns.at_once:
            return
        self._thread.shutdown(wait=False)
        self._thread = ThreadPoolExecutor(at_once, thread_name_prefix=self._name)
        self._turns = Turns(at_once)

    def lane(self, name: str, *, at_once: int, most: int) -> "Inference":
        """Return a lane for up to `most` calls at a time that are too short to wait behind tasks.

        It has `at_once` threads of its own and uses the same models, which must permit that. The
        memory is that of the process, so its limit stops tasks, not these calls.
        """
        lane = Inference(name, patience=self._patience, most_calls=most)
        lane.replacement = self.replacement
        lane.widen(at_once)
        self._lanes.append(lane)
        return lane

    async def load(self, loader: Callable[[], Answer]) -> Answer:
        """Run the loader of the models."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, loader)

    async def run(
        self,
        work: Callable[[TaskControl], Answer],
        control: TaskControl,
        *,
        audio_seconds: float = 0.0,
        alone: bool = False,
    ) -> Answer:
        """Run a task under watch. `audio_seconds` is the length of its recording, 0 if unknown.

        Nothing else runs at the same time as a task `alone`.

        Raises:
            InterruptedWorkError: it stalled or took too much memory.
            LostThreadError: it never began, since work before it does not come back.
            PreventedWorkError: it never began, since other work has to run alone.
        """
        turn = self._turns.ask(task=True, alone=alone)
        return await self._watched(work, control, audio_seconds, turn)

    async def call(self, work: Callable[[TaskControl], Answer]) -> Answer:
        """Run work for a waiting caller. Its control is stopped when the caller leaves.

        Raises:
            ResourceExhaustedError: too many callers wait already, or it took too much memory.
            TimedOutError: it stalled.
        """
        if self._waiting >= self._most_calls:
            raise ResourceExhaustedError(
                "The worker is busy. Try again later, or upload the recording to have it queued."
            )
        control = TaskControl(lambda _fraction, _step: None)
        self._waiting += 1
        running = asyncio.create_task(self._called(work, control), name="direct-call")
        self._calls.add(running)
        running.add_done_callback(self._call_ended)
        try:
            # The watch goes on when the caller leaves: its work may never come back.
            return await asyncio.shield(running)
        finally:
            control.stop()
            self._waiting -= 1

    def close(self) -> None:
        """Take no more work. Running work is left to end by itself."""
        for lane in self._lanes:
            lane.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _watched(
        self,
        work: Callable[[TaskControl], Answer],
        control: TaskControl,
        audio_seconds: float,
        turn: "asyncio.Future[None]",
    ) -> Answer:
        future = await self._started(work, control, turn)
        self._runs += 1
        self._running.append(control)
        watch = ProgressWatch(self._patience, self._pace.slowest, audio_seconds)
        try:
            interruption = await self._watch(future, watch, control)
            if interruption is not None:
                await self._stop(future, interruption, control)
                if not interruption.stuck:
                    _forget_frames(future.exception())
            self._give_memory_back()
        finally:
            self._running.remove(control)
        if interruption is not None and (interruption.stuck or future.exception() is not None):
            raise interruption
        self._leave_lost_card(future.exception())
        answer = future.result()
        if audio_seconds > 0:
            self._pace.note(watch.elapsed, audio_seconds)
        return answer

    async def _called(self, work: Callable[[TaskControl], Answer], control: TaskControl) -> Answer:
        try:
            return await self._watched(work, control, 0.0, self._turns.ask(task=False))
        except MemoryExceededError as error:
            raise ResourceExhaustedError(error.explain("This call")) from error
        except StalledWorkError as error:
            raise TimedOutError(error.explain("This call")) from error
        except LostThreadError as error:
            raise ResourceExhaustedError(_LOST) from error

    def _call_ended(self, call: "asyncio.Task[Any]") -> None:
        self._calls.discard(call)
        if not call.cancelled():
            call.exception()  # Looked at, or asyncio complains of a caller that left.

    async def _started(
        self,
        work: Callable[[TaskControl], Answer],
        control: TaskControl,
        turn: "asyncio.Future[None]",
    ) -> "asyncio.Future[Answer]":
        """Begin work on the thread when its turn has come. The turn ends with the work."""
        # The thread starts with an empty context. Copy the caller's trace and ids.
        context = contextvars.copy_context()
        control.begun = False
        try:
            await self._turn_come(turn, control)
            submitted = self._thread.submit(context.run, _contained, work, control)
        except BaseException:
            self._turns.end(turn)
            raise
        future = asyncio.wrap_future(submitted)
        future.add_done_callback(lambda _future: self._turns.end(turn))
        await self._begun(submitted, future, control)
        return future

    async def _turn_come(self, turn: "asyncio.Future[None]", control: TaskControl) -> None:
        """Wait for a turn, unless the caller has left or the thread is lost."""
        with control.in_line():
            while not turn.done():
                await asyncio.wait([turn], timeout=_TICK_SECONDS)
                if self.replacement.is_set():
                    raise LostThreadError
                if control.cancelled():
                    raise TaskCancelledError
                if self._turns.is_shut_to(turn):
                    raise PreventedWorkError

    async def _begun(
        self,
        submitted: "Future[Answer]",
        future: "asyncio.Future[Answer]",
        control: TaskControl,
    ) -> None:
        """Wait until work begins, unless its caller has left or the thread is lost."""
        while not control.begun and not future.done():
            await asyncio.wait([future], timeout=_TICK_SECONDS)
            if self.replacement.is_set() and submitted.cancel():
                raise LostThreadError
            if control.cancelled() and submitted.cancel():
                raise TaskCancelledError

    async def _watch(
        self, future: "asyncio.Future[Answer]", watch: ProgressWatch, control: TaskControl
    ) -> InterruptedWorkError | None:
        """Wait for work to end. Return the reason to stop it, if there is one."""
        last = time.monotonic()
        while not future.done():
            await asyncio.wait([future], timeout=_TICK_SECONDS)
            now = time.monotonic()
            # A process that was held up has not seen its work stand still.
            seconds, last = min(now - last, 2 * _TICK_SECONDS), now
            if control.waiting:
                seconds = 0.0
            stall = watch.passed(seconds, advances=control.advances, fraction=control.fraction)
            # The memory is that of all work. The newest is stopped first.
            used = self._memory.exceeded() if self._running[-1] is control else None
            if future.done():
                break
            if used is not None:
                return MemoryExceededError(used=used, limit=self._memory.limit, stuck=False)
            if stall is not None:
                return StalledWorkError(stall, stuck=False)
        return None

    def _give_memory_back(self) -> None:
        """Return memory beyond the limit to the system, or have the process replaced."""
        if self._memory.exceeded() is None:
            return
        self._memory.give_back()
        if self._memory.exceeded() is not None and len(self._running) <= 1:
            _log.warning("memory is not returned, replacing the process")
            self.replacement.set()

    def _leave_lost_card(self, error: BaseException | None) -> None:
        """Have the process replaced after an error that leaves it without its card."""
        if error is not None and gpu.is_lost(error):
            _log.error("the card is lost, replacing the process", error=repr(error))
            self.replacement.set()

    async def _stop(
        self,
        future: "asyncio.Future[Answer]",
        interruption: InterruptedWorkError,
        control: TaskControl,
    ) -> None:
        """Tell work to stop and wait for it. If it does not return, its thread is lost."""
        _log.warning("work is stopped", reason=interruption.outcome)
        control.stop()
        memory = isinstance(interruption, MemoryExceededError)
        seconds = _RETURN_MEMORY_SECONDS if memory else self._patience.returning
        await asyncio.wait([future], timeout=seconds)
        if not future.done():
            _log.error("the library does not return, replacing the process")
            interruption.stuck = True
            self.replacement.set()


def _contained(work: Callable[[TaskControl], Answer], control: TaskControl) -> Answer:
    """Do the work. A library cannot end the process, it only fails."""
    if control.cancelled():
        raise TaskCancelledError
    control.begin()
    try:
        return work(control)
    except Exception:
        raise
    except BaseException as error:
        raise RuntimeError(f"the library raised {type(error).__name__}") from error


def _forget_frames(error: BaseException | None) -> None:
    """Release the local variables kept alive by an exception's traceback."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
