"""Services as processes, observed by their logs."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class ServiceProcess:
    """A service in its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    async def says(self, event: str, seconds: float = 30) -> dict[str, Any]:
        """Wait for the line of an event. Earlier lines are kept."""
        assert self.process.stderr is not None
        async with asyncio.timeout(seconds):
            while True:
                raw = await self.process.stderr.readline()
                assert raw, f"ended without saying {event!r}: {self.lines}"
                self.lines.append(json.loads(raw))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]

    async def ends(self, seconds: float = 30) -> int:
        """Wait for the exit code. The remaining lines are kept."""
        assert self.process.stderr is not None
        async with asyncio.timeout(seconds):
            rest = await self.process.stderr.read()
            code = await self.process.wait()
        self.lines.extend(json.loads(line) for line in rest.splitlines())
        return code

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.lines]


@asynccontextmanager
async def service(
    *arguments: str, program: str = "process.py", environment: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceProcess]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / program),
        *arguments,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SECRET_KEY": "k" * 32, "GRPC_PORT": "0", **(environment or {})},
    )
    try:
        yield ServiceProcess(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
