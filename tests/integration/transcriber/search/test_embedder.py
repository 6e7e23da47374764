"""The embedder process with its real model."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from common.errors import AuthenticationError, AuthorizationError
from common.grpc_client import channel, unwrap
from common.models.files import ModelError
from common.runtime import Supervisor
from common.settings import ServiceSettings
from common.signing import CallSigner, acting_for
from securetranscribe.v1 import embedding_pb2, embedding_pb2_grpc
from tests.integration.serving import healthy
from tests.ports import free_port
from transcriber.embedder import app
from transcriber.embedder.model import DIMENSION, E5Model
from transcriber.embedder.settings import EmbedderSettings
from transcriber.search.embedder_client import EmbedderClient

SECRET = "a secret for tests that is long enough"
MODEL_DIR = Path(os.environ.get("MODEL_DIR", ".models"))


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """Run the embedder."""
    settings = EmbedderSettings(
        secret_key=SECRET, grpc_port=free_port(), model_dir=MODEL_DIR, shutdown_grace_seconds=2
    )
    supervisor = Supervisor()
    serving = asyncio.create_task(app.serve(settings, supervisor))
    address = f"127.0.0.1:{settings.grpc_port}"
    async with grpc.aio.insecure_channel(address) as plain:
        await healthy(plain, serving.done)
    yield address
    supervisor.stop()
    await serving
    assert not supervisor.failed


@pytest.fixture
async def signed(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """Open a channel whose calls are signed."""
    settings = ServiceSettings(secret_key=SECRET, grpc_port=0)
    signer = CallSigner(SECRET, "transcriber")
    async with channel(settings, address, receiver=app.RECEIVER, signer=signer) as opened:
        yield opened


async def test_meanings_are_close_across_languages(
    signed: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Searches wait for a second only, and go on without meanings on a busy machine.
    monkeypatch.setattr("transcriber.search.embedder_client._QUERY_SECONDS", 60.0)
    client = EmbedderClient(signed)
    query = await client.embed_query("When will the budget be approved?")
    german, weather = await client.embed_passages(
        ["Der Vorstand verabschiedet den Haushalt im März.", "It rains outside."]
    )
    assert len(query) == len(german) == DIMENSION

    def likeness(vector: "list[float]") -> float:
        return sum(map(float.__mul__, query, vector))

    assert likeness(list(german)) > likeness(list(weather)) + 0.02
    assert sum(value * value for value in german) == pytest.approx(1.0, abs=1e-3)


async def test_only_services_may_call(address: str) -> None:
    request = embedding_pb2.EmbedRequest(texts=["a"], purpose=embedding_pb2.EMBEDDING_PURPOSE_QUERY)
    async with grpc.aio.insecure_channel(address) as plain:
        stub = embedding_pb2_grpc.EmbeddingServiceStub(plain)
        for metadata, error in (
            ((), AuthorizationError),
            ((("authorization", "Bearer token"),), AuthorizationError),
            ((("x-service-auth", "v2:forged"), *acting_for()), AuthenticationError),
        ):
            with pytest.raises(error):
                await unwrap(stub.Embed(request, metadata=metadata))


def test_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="multilingual-e5-small-q4"):
        E5Model.load(tmp_path)
