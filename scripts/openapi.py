"""Writes the OpenAPI document of the gateway to a file, without starting its servers.

.venv/bin/python -m scripts.openapi FILE
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx2
from nats.aio.client import Client

from common.postgres import Database
from gateway.app import Gateway
from gateway.settings import GatewaySettings

_SETTINGS = {
    "secret_key": "x" * 32,
    "database_url": "postgresql://localhost/none",
    "nats_url": "nats://localhost",
    "grpc_port": 1,
}


async def document() -> dict[str, Any]:
    """Return the document of all routes."""
    settings = GatewaySettings.model_validate(_SETTINGS)
    gateway = Gateway(settings, Database(settings), Client())
    try:
        transport = httpx2.ASGITransport(app=gateway.application())
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.get("/openapi.json")
            found: dict[str, Any] = answer.raise_for_status().json()
            return found
    finally:
        await gateway.close()


if __name__ == "__main__":
    text = json.dumps(asyncio.run(document()), indent=1, ensure_ascii=False)
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
