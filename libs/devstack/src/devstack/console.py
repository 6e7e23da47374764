"""Output on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devstack.report import Happening, Report
from devstack.state import NetworkAccess, RunnerState

_STYLES: dict[Happening, tuple[str, str]] = {
    "cleaned up": ("~", "yellow"),
    "starting": ("·", "dim"),
    "ready": ("✓", "green"),
    "crashed": ("✗", "red"),
    "waiting": ("·", "yellow"),
    "restarting": ("↻", "yellow"),
    "stopping": ("·", "dim"),
    "stopped": ("■", "dim"),
}
_NAME_WIDTH = 22


@dataclass(frozen=True, kw_only=True)
class StatusRow:
    """One line of `devstack status`."""

    name: str
    pid: int | None
    address: str
    problem: str | None
    """None when healthy."""

    restarts: int = 0
    """Restarts since the stack started."""


class StackConsole:
    """Prints events line by line, as plain text without a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def report(self, report: Report) -> None:
        """Print an event of a process."""
        mark, style = _STYLES[report.happening]
        line = Text.assemble(
            (f"{mark} ", style),
            report.name.ljust(_NAME_WIDTH),
            (report.happening, style),
            f"  {report.detail}" if report.detail else "",
        )
        self._console.print(line, soft_wrap=True)

    def print(self, text: str) -> None:
        """Print a line unchanged."""
        self._console.print(Text(text), soft_wrap=True)

    def error(self, text: str) -> None:
        """Print an error."""
        self._console.print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)

    def ready(self, state: RunnerState, data: Path, logs: Path) -> None:
        """Print the addresses and directories of a ready stack."""
        rows: list[tuple[str, str]] = []
        if state.gateway_url is not None:
            rows += [
                ("Web and REST", state.gateway_url),
                ("API documents", f"{state.gateway_url}/docs"),
            ]
        if state.network is not None:
            rows += _network_rows(state.network)
        rows += [(f"gRPC {name.removesuffix('_GRPC').lower()}", address)
                 for name, address in state.addresses.items()]  # fmt: skip
        services = set(state.addresses.values())
        rows += [(one.name, one.address) for one in state.endpoints
                 if one.address not in services and not state.gateway_url]  # fmt: skip
        rows += [("Data", str(data)), ("Logs", str(logs))]
        self._console.print()
        for label, value in rows:
            line = Text.assemble("  ", (label.ljust(_NAME_WIDTH), "bold"), value)
            self._console.print(line, soft_wrap=True)
        self._console.print()

    def status(self, rows: Sequence[StatusRow], *, title: str) -> None:
        """Print a table of processes."""
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for column in ("process", "pid", "address", "restarts", "health"):
            table.add_column(column, no_wrap=column != "health")
        for row in rows:
            healthy = row.problem is None
            table.add_row(
                row.name,
                str(row.pid or "-"),
                row.address,
                str(row.restarts),
                Text(row.problem or "healthy", style="green" if healthy else "red"),
            )
        self._console.print(table)


def _network_rows(network: NetworkAccess) -> list[tuple[str, str]]:
    labels = ("On other devices", *("" for _ in network.urls[1:]))
    rows = list(zip(labels, network.urls, strict=False))
    if network.authority_url is not None:
        rows += [
            ("Once on each device", f"install {network.authority_url} (see docs/https.md)"),
            ("Its SHA-256", network.fingerprint or ""),
        ]
    return rows
