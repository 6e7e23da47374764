"""The simulation: arrivals, rounds of the dispatcher, work, failures and scaling."""

import heapq
import math
import random
from collections.abc import Callable
from typing import Any

from bench.simulation.autoscaler import Autoscaler
from bench.simulation.cluster import Cluster, Delivered, Worker
from bench.simulation.jobs import STAGES, QueuedJobs
from bench.simulation.options import SimulationOptions
from bench.simulation.outcome import Outcome, Sample
from bench.simulation.workload import Workload
from transcriber.domain import release_rule
from transcriber.queue.workers import SILENT_SECONDS

_RECOGNITION = 0


class Simulation:
    """One run. The same workload, options and seed give the same outcome."""

    def __init__(self, workload: Workload, options: SimulationOptions, seed: int) -> None:
        self._load = workload
        self._options = options
        self._dice = random.Random(seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._now = 0.0
        self._round_planned = False
        #: When the dispatcher has written the tasks of its last round.
        self._dispatched = 0.0
        self._jobs = QueuedJobs(workload.owners, released_first=options.released_first)
        self._clusters = tuple(Cluster() for _ in STAGES)
        self._scalers = tuple(Autoscaler(scaling) for scaling in options.scaling)
        self._parts = [max(1, math.ceil(n / (options.part or n))) for n in workload.lengths]
        self._left: dict[int, int] = {}
        self._arrived = 0
        self._poisoned: set[int] = set()
        self.outcome = Outcome(workload, self._clusters)

    def run(self) -> Outcome:
        """Run until every recording has ended."""
        for stage in STAGES:
            for _ in range(self._options.scaling[stage].least):
                self._ready(stage)
            self._scale(stage)
        self._sample()
        arrivals = self._load.arrivals
        total = len(arrivals)
        while self.outcome.ended < total:
            coming = arrivals[self._arrived] if self._arrived < total else math.inf
            if self._events and self._events[0][0] < coming:
                self._now, _, act, arguments = heapq.heappop(self._events)
                act(*arguments)
            else:
                self._now = coming
                self._arrive()
        for cluster in self._clusters:
            cluster.account(self._now)
        self.outcome.seconds = self._now
        return self.outcome

    def _at(self, delay: float, act: Callable[..., None], *arguments: Any) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (self._now + delay, self._sequence, act, arguments))

    def _arrive(self) -> None:
        job = self._arrived
        self._arrived += 1
        if self._dice.random() < self._options.failures.poison:
            self._poisoned.add(job)
        parts = self._parts[job]
        self._left[job] = len(STAGES) * parts
        self._jobs.add(job, parts)
        for cluster in self._clusters:
            cluster.account(self._now)
            cluster.open += parts
        self._wake_dispatcher()

    # The dispatcher

    def _wake_dispatcher(self) -> None:
        if not self._round_planned:
            self._round_planned = True
            duration = self._options.round_per_job * self._jobs.unreleased
            busy = max(0.0, self._dispatched - self._now)
            self._at(busy + self._options.round_base + duration, self._dispatch)

    def _dispatch(self) -> None:
        self._round_planned = False
        self._dispatched = self._now
        for stage in STAGES:
            cluster = self._clusters[stage]
            cluster.account(self._now)
            room = release_rule.room(workers=cluster.known, handed_out=cluster.handed_out)
            for _ in range(min(room, self._options.round_limit)):
                job = self._jobs.take(stage)
                if job is None:
                    break
                cluster.handed_out += 1
                self._dispatched += self._options.round_per_task
                cluster.stream.append(Delivered(job, 1))
            else:
                if room > self._options.round_limit:
                    self._wake_dispatcher()
            self._feed(stage)

    # Workers

    def _feed(self, stage: int) -> None:
        """Deliver tasks to idle workers."""
        cluster = self._clusters[stage]
        cluster.account(self._now)
        while cluster.stream and cluster.idle:
            task = cluster.stream.popleft()
            if task.job not in self._left:
                cluster.handed_out -= 1
                cluster.open -= 1
                continue
            worker = next(iter(cluster.idle))
            del cluster.idle[worker]
            self._begin(stage, worker, task)

    def _begin(self, stage: int, worker: Worker, task: Delivered) -> None:
        job, options = task.job, self._options
        if stage == _RECOGNITION:
            self.outcome.begun(job, self._now)
        length = self._load.lengths[job] / self._parts[job]
        speed = math.exp(0.15 * self._dice.gauss(0.0, 1.0))
        work = options.overhead + length * options.factors[stage] * speed
        worker.task, worker.begun = task, self._now
        worker.ends = self._now + work
        worker.token += 1
        if job in self._poisoned and stage == _RECOGNITION:
            self._at(work * self._dice.random(), self._crash, stage, worker, worker.token)
        elif self._dice.random() < options.failures.error_rate:
            self._at(work * self._dice.random(), self._error, stage, worker, worker.token)
        else:
            self._at(work, self._finish, stage, worker, worker.token)

    def _finish(self, stage: int, worker: Worker, token: int) -> None:
        if worker.token != token:
            return
        task = self._stopped(stage, worker, "")
        self._settle(stage, task.job)
        self._free(stage, worker)

    def _error(self, stage: int, worker: Worker, token: int) -> None:
        if worker.token != token:
            return
        task = self._stopped(stage, worker, "errors")
        self._retry(stage, task, self._options.retry * 2.0 ** (task.attempt - 1))
        self._free(stage, worker)

    def _crash(self, stage: int, worker: Worker, token: int | None) -> None:
        """Kill a worker. Without a token this happens whatever it does."""
        if not worker.alive or token not in {None, worker.token}:
            return
        cluster = self._clusters[stage]
        if worker.task is not None:
            task = self._stopped(stage, worker, "crashes")
            self._retry(stage, task, self._options.ack_wait)
        self._remove(stage, worker)
        if not worker.draining:
            cluster.unnoticed += 1
            self._at(SILENT_SECONDS, self._notice, stage)
            self._boot(stage, self._options.restart)

    def _notice(self, stage: int) -> None:
        self._clusters[stage].unnoticed -= 1
        self._wake_dispatcher()

    def _drain(self, stage: int, worker: Worker, reason: str) -> None:
        """Stop a worker. Its task may end within the grace, else it is handed back."""
        if not worker.alive or worker.draining:
            return
        self._clusters[stage].account(self._now)
        worker.draining = True
        del self._clusters[stage].workers[worker]
        if worker.task is None:
            self._remove(stage, worker)
        elif worker.ends - self._now > self._options.grace:
            arguments = (stage, worker, worker.token, reason)
            self._at(self._options.grace, self._hand_back, *arguments)

    def _evict(self, stage: int, worker: Worker) -> None:
        if worker.alive and not worker.draining:
            self._drain(stage, worker, "evictions")
            self._boot(stage, self._boot_seconds())

    def _hand_back(self, stage: int, worker: Worker, token: int, reason: str) -> None:
        if worker.token == token and worker.alive:
            task = self._stopped(stage, worker, reason)
            self._clusters[stage].handed_out -= 1
            if task.job in self._left:
                self._jobs.leave(task.job, stage, again=True)
            else:
                self._clusters[stage].open -= 1
            self._remove(stage, worker)
            self._wake_dispatcher()

    def _stopped(self, stage: int, worker: Worker, reason: str) -> Delivered:
        """Count the work of a task that stops, wasted for a reason or useful."""
        cluster = self._clusters[stage]
        cluster.account(self._now)
        task = worker.task
        assert task is not None, "only a working worker can be stopped"
        spent = self._now - worker.begun
        if reason:
            cluster.wasted[reason] += spent
        else:
            cluster.useful += spent
            self.outcome.worked(task.job, spent)
        worker.task = None
        worker.token += 1
        return task

    def _free(self, stage: int, worker: Worker) -> None:
        if worker.draining:
            self._remove(stage, worker)
        else:
            self._clusters[stage].idle[worker] = None
            self._feed(stage)

    def _remove(self, stage: int, worker: Worker) -> None:
        cluster = self._clusters[stage]
        cluster.account(self._now)
        worker.alive = False
        worker.token += 1
        cluster.idle.pop(worker, None)
        cluster.workers.pop(worker, None)

    # Ends of tasks and jobs

    def _retry(self, stage: int, task: Delivered, delay: float) -> None:
        if task.attempt < self._options.max_deliver:
            self._at(delay, self._redeliver, stage, Delivered(task.job, task.attempt + 1))
            return
        if stage == _RECOGNITION:
            self._fail(task.job)
        # Without a part of its speakers, a job still completes.
        self._settle(stage, task.job)

    def _redeliver(self, stage: int, task: Delivered) -> None:
        self._clusters[stage].account(self._now)
        self._clusters[stage].stream.appendleft(task)
        self._feed(stage)

    def _settle(self, stage: int, job: int) -> None:
        """End a task."""
        cluster = self._clusters[stage]
        cluster.handed_out -= 1
        cluster.open -= 1
        if job not in self._left:
            return
        self._jobs.leave(job, stage)
        self._left[job] -= 1
        if not self._left[job]:
            self._at(self._options.merge, self._complete, job)
        self._wake_dispatcher()

    def _complete(self, job: int) -> None:
        del self._left[job]
        self._jobs.end(job)
        self.outcome.end(job, self._now, failed=False)
        self._wake_dispatcher()

    def _fail(self, job: int) -> None:
        """Fail a job: waiting tasks are dropped, workers stop."""
        if job not in self._left:
            return
        del self._left[job]
        for stage, cluster in enumerate(self._clusters):
            cluster.account(self._now)
            cluster.open -= self._jobs.waiting(job, stage)
            for worker in list(cluster.workers):
                if worker.task is not None and worker.task.job == job:
                    self._stopped(stage, worker, "failed jobs")
                    self._settle(stage, job)
                    self._free(stage, worker)
        self._jobs.end(job)
        self.outcome.end(job, self._now, failed=True)
        self._wake_dispatcher()

    # Scaling

    def _scale(self, stage: int) -> None:
        cluster, scaler = self._clusters[stage], self._scalers[stage]
        pods = cluster.pods
        wanted = scaler.desired(self._now, pods, cluster.open)
        for _ in range(wanted - pods):
            self._boot(stage, self._boot_seconds())
        for _ in range(pods - wanted):
            if cluster.booting:
                cluster.booting -= 1
                cluster.cancelled_boots += 1
            else:
                self._drain(stage, self._victim(cluster), "scale-down")
        self._at(scaler.options.polling, self._scale, stage)

    def _victim(self, cluster: Cluster) -> Worker:
        if self._options.idle_first and cluster.idle:
            return next(iter(cluster.idle))
        return self._dice.choice(list(cluster.workers))

    def _boot_seconds(self) -> float:
        options = self._options
        return options.boot * math.exp(options.boot_sigma * self._dice.gauss(0.0, 1.0))

    def _boot(self, stage: int, seconds: float) -> None:
        self._clusters[stage].booting += 1
        self._at(seconds, self._booted, stage)

    def _booted(self, stage: int) -> None:
        cluster = self._clusters[stage]
        if cluster.cancelled_boots:
            cluster.cancelled_boots -= 1
            return
        cluster.booting -= 1
        self._ready(stage)

    def _ready(self, stage: int) -> None:
        cluster, failures = self._clusters[stage], self._options.failures
        cluster.account(self._now)
        worker = Worker()
        cluster.workers[worker] = None
        cluster.idle[worker] = None
        crash = self._dice.expovariate(1.0 / failures.crash_every)
        if self._dice.random() < failures.spot_share:
            evicted = self._dice.expovariate(1.0 / failures.evict_every)
            self._at(evicted, self._evict, stage, worker)
        self._at(crash, self._crash, stage, worker, None)
        self._wake_dispatcher()
        self._feed(stage)

    def _sample(self) -> None:
        self.outcome.samples.append(
            Sample(
                at=self._now,
                queued=self._jobs.unreleased,
                workers=tuple(len(cluster.workers) for cluster in self._clusters),
                busy=tuple(len(one.workers) - len(one.idle) for one in self._clusters),
                shares=self._jobs.shares(),
                taken=self._jobs.total_taken(),
            )
        )
        self._at(self._options.sample_every, self._sample)
