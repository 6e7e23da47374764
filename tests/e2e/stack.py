"""The running product, for tests."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

from devstack.service_stack import ServiceStack
from devstack.stack import EmbeddedServers
from securetranscribe import SecureTranscribeClient

JOB_SECONDS = 300
MAX_FILE_SIZE = "1GB"
SESSION_CACHE_SECONDS = 300
ADMIN_TOKEN = "a token of administrators for tests"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The running product and its addresses."""

    servers: EmbeddedServers
    services: ServiceStack

    @property
    def base_url(self) -> str:
        """Address of the gateway, without `/api`."""
        url = self.services.gateway_url
        assert url is not None
        return url

    @property
    def encrypted(self) -> bool:
        """Return whether clients need certificates, whose reading takes 50 ms."""
        return self.base_url.startswith("https://")

    def client(self, token: str | None = None) -> SecureTranscribeClient:
        """Return a client with its own session, or with the given one."""
        return SecureTranscribeClient(f"{self.base_url}/api", token)

    def forget_voices(self) -> None:
        """Delete every profile, including inactive ones."""
        query = {"active_only": False, "per_page": 200}
        with httpx2.Client(base_url=f"{self.base_url}/api", timeout=60) as http:
            while profiles := http.get("/speakers", params=query).raise_for_status().json()["data"]:
                for profile in profiles:
                    path = f"/speakers/{profile['id']}"
                    deleted = http.delete(path, params={"permanent": True})
                    # One without a voice left may have been deleted by the product meanwhile.
                    if deleted.status_code != httpx2.codes.NOT_FOUND:
                        deleted.raise_for_status()


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A completed transcription and the token of its session."""

    token: str
    transcription_id: int
    job_id: str
    state: dict[str, Any]
    progress: list[tuple[float, str]]


def eventually(look: Callable[[], Any]) -> Any:
    """Return the first true value of a function that is called again and again."""
    deadline = time.monotonic() + JOB_SECONDS
    while not (value := look()):
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.2)
    return value
