"""`devstack up` with proxies between its processes.

    python -P tests/chaos/runner.py LINKS --data-dir DIR up

LINKS is a file with the ports of the proxies by process and peer (JSON).
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from devstack.config import read_config
from devstack.console import StackConsole
from devstack.runner import Runner
from devstack.server import server_environment
from devstack.services import SERVICES

ROOT = Path(__file__).parents[2]
#: Of the library that turns the clock of a process, by a file that is read again and again.
CLOCKS = "CHAOS_CLOCKS"


def main() -> None:
    """Run the stack until a signal."""
    # The working directory is that of the data.
    sys.path.insert(0, str(ROOT))
    from tests.chaos.clocks import turned
    from tests.chaos.network import rewired

    parser = argparse.ArgumentParser()
    parser.add_argument("links", type=Path)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("command", choices=["up"])
    options = parser.parse_args()
    links: Mapping[str, Mapping[str, int]] = json.loads(options.links.read_text())
    clocks = os.environ.get(CLOCKS)

    def rewire(process: str, variables: Mapping[str, str]) -> Mapping[str, str]:
        changed = rewired(variables, links.get(process, {}))
        return turned(Path(clocks), process, changed) if clocks else changed

    def variables_of_postgres() -> dict[str, str]:
        found = server_environment()
        return turned(Path(clocks), "postgres", found) if clocks else found

    console = StackConsole(Console(highlight=False))
    runner = Runner(
        config=replace(read_config(os.environ), data_directory=options.data_dir),
        services=SERVICES,
        environment=os.environ,
        reporter=console.report,
        on_ready=lambda _: None,
        rewire=rewire,
    )
    # Servers have variables of their own, and no others can be given to them.
    with patch("devstack.postgres.server_environment", variables_of_postgres):
        asyncio.run(runner.run())


if __name__ == "__main__":
    main()
