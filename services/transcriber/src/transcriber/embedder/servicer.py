"""EmbeddingService: vectors of texts, queries before passages."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from common.errors import ResourceExhaustedError, ValidationError
from securetranscribe.v1 import embedding_pb2, embedding_pb2_grpc

_MOST_TEXTS = 64
_LONGEST_TEXT = 2000
#: Calls that may wait. A query waits for one text at most, behind the queries before it.
_MOST_CALLS = 32


class Model(Protocol):
    """Embedding model. Calls block."""

    name: str

    def embed(self, text: str, *, query: bool) -> list[float]:
        """Return the vector of a text."""
        ...


class EmbeddingServicer(embedding_pb2_grpc.EmbeddingServiceServicer):
    """Serves EmbeddingService. The model embeds one text at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._calls = 0
        self._queries = 0
        self._no_queries = asyncio.Event()
        self._no_queries.set()

    async def Embed(
        self, request: embedding_pb2.EmbedRequest, _context: Any
    ) -> embedding_pb2.EmbedResponse:
        """Embed texts."""
        if not 1 <= len(request.texts) <= _MOST_TEXTS:
            raise ValidationError.of("texts", f"texts must have 1 to {_MOST_TEXTS} items.")
        query = request.purpose == embedding_pb2.EMBEDDING_PURPOSE_QUERY
        if not query and request.purpose != embedding_pb2.EMBEDDING_PURPOSE_PASSAGE:
            raise ValidationError.of("purpose", "purpose is required.")
        if self._calls >= _MOST_CALLS:
            raise ResourceExhaustedError("The embedder is busy. Try again.")
        self._calls += 1
        self._count(query)
        try:
            vectors = [await self._embed(text, query=query) for text in request.texts]
        finally:
            self._calls -= 1
            self._count(query, by=-1)
        return embedding_pb2.EmbedResponse(
            embeddings=[embedding_pb2.Embedding(values=values) for values in vectors],
            model=self._model.name,
        )

    def close(self) -> None:
        """Take no more work. A text being embedded is finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _count(self, query: bool, by: int = 1) -> None:
        self._queries += by if query else 0
        if self._queries:
            self._no_queries.clear()
        else:
            self._no_queries.set()

    async def _embed(self, text: str, *, query: bool) -> list[float]:
        if not query:
            await self._no_queries.wait()
        return await asyncio.get_running_loop().run_in_executor(
            self._thread,
            # The library reads up to the first NUL.
            lambda: self._model.embed(text[:_LONGEST_TEXT].replace("\0", " "), query=query),
        )
