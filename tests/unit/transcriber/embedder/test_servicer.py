"""Bounds and order of the embedder."""

import asyncio
import threading

import pytest

from common.errors import ValidationError
from securetranscribe.v1 import embedding_pb2
from transcriber.embedder.servicer import EmbeddingServicer

QUERY = embedding_pb2.EMBEDDING_PURPOSE_QUERY
PASSAGE = embedding_pb2.EMBEDDING_PURPOSE_PASSAGE


class Recorder:
    """Model that records its texts, and waits at each of them if told to."""

    name = "recorder"

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.go_on = threading.Semaphore(0)
        self.begun = threading.Event()
        self.wait = False

    def embed(self, text: str, *, query: bool) -> list[float]:
        self.texts.append(text)
        self.begun.set()
        if self.wait:
            self.go_on.acquire(timeout=60)
        return [1.0 if query else 0.0]


async def test_texts_are_embedded_in_order_and_cut() -> None:
    model = Recorder()
    servicer = EmbeddingServicer(model)
    request = embedding_pb2.EmbedRequest(texts=["a\0b", "x" * 3000], purpose=PASSAGE)
    answer = await servicer.Embed(request, None)
    assert [list(one.values) for one in answer.embeddings] == [[0.0], [0.0]]
    assert model.texts == ["a b", "x" * 2000]
    assert answer.model == "recorder"
    servicer.close()


@pytest.mark.parametrize(
    ("texts", "purpose", "field"),
    [
        ([], QUERY, "texts"),
        (["a"] * 65, PASSAGE, "texts"),
        (["a"], embedding_pb2.EMBEDDING_PURPOSE_UNSPECIFIED, "purpose"),
    ],
)
async def test_bounds(
    texts: list[str], purpose: embedding_pb2.EmbeddingPurpose.ValueType, field: str
) -> None:
    servicer = EmbeddingServicer(Recorder())
    with pytest.raises(ValidationError) as caught:
        await servicer.Embed(embedding_pb2.EmbedRequest(texts=texts, purpose=purpose), None)
    assert caught.value.details == {"field": field}
    servicer.close()


async def test_queries_go_before_passages() -> None:
    model = Recorder()
    model.wait = True
    servicer = EmbeddingServicer(model)
    passages = asyncio.create_task(
        servicer.Embed(embedding_pb2.EmbedRequest(texts=["p1", "p2"], purpose=PASSAGE), None)
    )
    await asyncio.to_thread(model.begun.wait, 60)
    query = asyncio.create_task(
        servicer.Embed(embedding_pb2.EmbedRequest(texts=["q"], purpose=QUERY), None)
    )
    await asyncio.sleep(0)
    model.go_on.release(3)
    await asyncio.gather(passages, query)
    assert model.texts == ["p1", "q", "p2"]
    servicer.close()
