"""Plugin that repeats a test that failed while the machine stood still.

Hosts of virtual machines stop them for seconds, and every limit of time in the product passes
meanwhile: that of a call, a lease or a heartbeat. A failure then says nothing about the product. A
failed test is repeated once, only if a stop was measured while it ran. The end of the run says so.
"""

import threading
import time
from collections.abc import Generator

import pytest

_TITLE = "The machine stood still for"
_TICK_SECONDS = 0.1
_STALL_SECONDS = 1.0
#: Share of a stall for which the process may have worked, far below that of a busy machine.
_IDLE = 0.1


class Watch:
    """Longest time in which this process was not given a processor, since a test began."""

    def __init__(self) -> None:
        self.longest = 0.0
        threading.Thread(target=self._watch, name="stalls", daemon=True).start()

    def seen(self) -> bool:
        """Return whether the machine stood still."""
        return self.longest >= _STALL_SECONDS

    def _watch(self) -> None:
        while True:
            began, worked = time.monotonic(), time.process_time()
            time.sleep(_TICK_SECONDS)
            late = time.monotonic() - began - _TICK_SECONDS
            # Code that keeps the interpreter's lock also delays this thread. It is no stall.
            if time.process_time() - worked < _IDLE * late:
                self.longest = max(self.longest, late)


_watch = Watch()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have every test repeated once if the machine stood still while it ran."""
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=1, condition=_watch.seen))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget the stalls of earlier tests."""
    _watch.longest = 0.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report of a failed test how long the machine stood still."""
    report = yield
    if report.failed and _watch.seen():
        report.sections.append((_TITLE, f"{_watch.longest:.1f} s"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the repeated tests, with the time that the machine stood still."""
    repeated = terminalreporter.getreports("rerun")
    if not repeated:
        return
    terminalreporter.section(f"{len(repeated)} tests were repeated after a stall", yellow=True)
    for report in repeated:
        length = dict(report.sections).get(_TITLE, "unknown time")
        terminalreporter.write_line(f"{length} {report.nodeid}")
