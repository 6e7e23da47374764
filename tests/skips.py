"""Plugin that lists skipped tests at the end of a run and fails the run if CI is set."""

import os
from collections import Counter

import pytest


def _reasons(reporter: pytest.TerminalReporter) -> Counter[str]:
    """Return the number of skipped tests per reason, from all test processes."""
    found: Counter[str] = Counter()
    for report in reporter.getreports("skipped"):
        longrepr = report.longrepr
        reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        found[reason.removeprefix("Skipped: ")] += 1
    return found


def _forbidden() -> bool:
    return os.environ.get("CI") == "true"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for a skipped test if CI is set, because CI has all requirements of tests."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _forbidden() and _reasons(reporter):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the reasons with the commands to install the missing programs."""
    reasons = _reasons(terminalreporter)
    if not reasons:
        return
    terminalreporter.section(f"{reasons.total()} tests did NOT run here", red=True, bold=True)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} skipped: {reason}", red=True)
    if _forbidden():
        terminalreporter.write_line("CI is set, so this run has failed.", red=True)
