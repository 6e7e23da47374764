"""A completed transcription to name speakers in."""

import pytest

from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import WorkerFactory


@pytest.fixture
async def transcription_id(caller: Caller, worker_factory: WorkerFactory) -> int:
    """Return the id of a completed transcription with two speakers."""
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)
    return number
