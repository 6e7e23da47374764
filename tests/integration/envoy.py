"""A real Envoy in front of services that tests run, with the configuration of the deployment."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from scripts import check_envoy
from tests.ports import free_port

_PATIENCE_SECONDS = 60
_OPTIONS = ("-c", "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1", "-l", "error")


@asynccontextmanager
async def running_envoy(addresses: Mapping[str, str], *, probe: str) -> AsyncIterator[str]:
    """Run an Envoy and yield its URL once the service behind the path `probe` answers.

    `addresses` are those of clusters. Others are where nobody listens.
    """
    program = check_envoy.envoy_program()
    assert program is not None, "there is no envoy program: install requirements-dev.txt"
    render = check_envoy.load_renderer()
    ports = {name: free_port() for name in ("listen", "status", "admin")}
    nowhere = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as directory:
        edge = render.Edge(
            directory=directory,
            addresses=dict.fromkeys(render.compose_addresses(), nowhere) | dict(addresses),
            **{kind: f"127.0.0.1:{port}" for kind, port in ports.items()},
        )
        render.write(edge, Path(directory))
        process = await asyncio.create_subprocess_exec(program, *_OPTIONS, cwd=directory)
        url = f"http://127.0.0.1:{ports['listen']}"
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not await _answers(f"{url}{probe}"):  # noqa: ASYNC110 - nothing to wait for
                    await asyncio.sleep(0.05)
            yield url
        finally:
            process.terminate()
            await process.wait()


async def _answers(url: str) -> bool:
    """Return whether a call without a token is refused by the service itself."""
    try:
        async with httpx2.AsyncClient() as client:
            return (await client.get(url)).status_code in (401, 429)
    except httpx2.HTTPError:
        return False
