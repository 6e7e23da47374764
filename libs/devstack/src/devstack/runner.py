"""One run of the stack from start to stop, for `devstack up`."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from devstack.config import StackConfig
from devstack.disk import restart_obstacle
from devstack.health import Probe
from devstack.https import Https
from devstack.logs import keep_bounded
from devstack.ports import require_free
from devstack.report import Reporter, unfailing
from devstack.restarts import RestartPolicy
from devstack.service_stack import ServiceStack
from devstack.services import Planner, Rewire, Service, as_planned
from devstack.stack import EmbeddedServers
from devstack.state import Phase, ProcessEndpoint, RunnerState, write_state
from devstack.supervisor import Condition, ProcessSupervisor

_RENEWAL_SECONDS = 3600.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Runner:
    """Starts servers and services, supervises them, and stops them on a signal."""

    def __init__(
        self,
        *,
        config: StackConfig,
        services: Sequence[Service],
        environment: Mapping[str, str],
        reporter: Reporter,
        on_ready: Callable[[RunnerState], None],
        policy: RestartPolicy | None = None,
        rewire: Rewire = as_planned,
    ) -> None:
        """Initialize. `rewire` is that of `Planner`."""
        self._config = config
        self._wanted = services
        self._environment = environment
        self._report = unfailing(reporter)
        self._on_ready = on_ready
        self._policy = policy
        self._rewire = rewire
        self._servers = EmbeddedServers(config, reporter=self._report)
        self._https = Https.of(config, self._servers.files, environment)
        self._services: ServiceStack | None = None
        self._conditions: dict[str, Condition] = {}

    async def run(self) -> None:
        """Run until a stop signal, then stop everything. A second signal kills the remaining ones.

        Raises:
            DevstackError: a process cannot be started.
            StoppedError: a server cannot be restarted.
        """
        stop = asyncio.Event()
        working = asyncio.create_task(self._work(), name="work")
        stopping: asyncio.Task[None] | None = None

        def on_signal() -> None:
            if stop.is_set() and stopping is not None:
                stopping.cancel()
            stop.set()

        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, on_signal)
        waiting = asyncio.create_task(stop.wait(), name="signals")
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            working.cancel()
            stopping = asyncio.create_task(self._stop(working), name="stop")
            with suppress(asyncio.CancelledError):
                await stopping
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)
        with suppress(asyncio.CancelledError):
            await working

    async def _work(self) -> None:
        """Start everything, then supervise it until cancelled or until an error."""
        self._check_gateway_ports()
        await self._servers.start(purpose="runner")
        services = await self._start_services()
        self._on_ready(self._note("ready"))
        supervisor = ProcessSupervisor(
            (*self._servers.supervised, *services.supervised),
            reporter=self._report,
            on_change=self._condition_changed,
            obstacle=partial(restart_obstacle, self._servers.files),
            policy=self._policy,
        )
        upkeep = (
            asyncio.create_task(keep_bounded(self._servers.files.logs), name="logs"),
            asyncio.create_task(self._renew_certificate(), name="certificate"),
        )
        try:
            await supervisor.run()
        finally:
            for task in upkeep:
                task.cancel()

    def _check_gateway_ports(self) -> None:
        """Check the only ports fixed by default before the servers are started."""
        # The gateway of a running stack listens on them. The lock reports this later.
        if not self._wanted or self._servers.held:
            return
        config = self._config
        ports = {"PORT": config.port, "HTTPS_PORT": config.https_port if config.tls else None}
        for variable, port in ports.items():
            if port is not None:
                require_free("gateway", port, variable=variable, host=config.host)

    async def _renew_certificate(self) -> None:
        """Renew the certificate long before it ends. The gateway notices the new file."""
        while self._https is not None:
            await asyncio.sleep(_RENEWAL_SECONDS)
            with suppress(OSError):  # perhaps the disk is full. There are weeks left
                await asyncio.to_thread(self._https.ensure)

    async def _start_services(self) -> ServiceStack:
        if self._https is not None and self._wanted:
            await asyncio.to_thread(self._https.ensure)
        planner = Planner(
            ports=self._servers.ports,
            server_variables=self._servers.environment,
            secret_key=self._servers.credentials.secret_key,
            config=self._config,
            environment=self._environment,
            https=self._https,
            rewire=self._rewire,
        )
        self._services = ServiceStack(
            planner.plan(self._wanted),
            self._servers.files,
            ready_seconds=self._config.service_seconds,
            reporter=self._report,
        )
        self._note("starting")
        await self._services.start()
        if self._wanted:
            await self._servers.share_events()
        return self._services

    async def _stop(self, working: asyncio.Task[None]) -> None:
        """Wait for `_work` to clean up, then stop services first and servers last."""
        await asyncio.wait({working})
        try:
            if self._services is not None:
                with suppress(OSError):  # a full disk does not prevent an orderly stop
                    self._note("stopping")
                await self._services.stop()
        finally:
            # Before the lock is released, because another runner may write there afterwards.
            if self._services is not None:
                self._servers.files.state.unlink(missing_ok=True)
            await self._servers.stop()

    def _condition_changed(self, name: str, condition: Condition) -> None:
        self._conditions[name] = condition
        with suppress(OSError):  # a full disk does not stop the supervision
            self._note("ready")

    def _note(self, phase: Phase) -> RunnerState:
        """Write the state file. The caller holds the directory."""
        servers, services = self._servers.servers, self._services
        planned = services.plan.processes if services else ()
        state = RunnerState(
            pid=os.getpid(),
            phase=phase,
            endpoints=(
                *(_endpoint(one.name, one.address, one.liveness()) for one in servers),
                *(_endpoint(one.name, one.address, one.probe) for one in planned),
            ),
            addresses=services.plan.addresses if services else {},
            gateway_url=services.gateway_url if services else None,
            network=services.plan.network if services else None,
            conditions=self._conditions,
        )
        write_state(self._servers.files.state, state)
        return state


def _endpoint(name: str, address: str, probe: Probe) -> ProcessEndpoint:
    return ProcessEndpoint(name=name, address=address, probe=probe)
