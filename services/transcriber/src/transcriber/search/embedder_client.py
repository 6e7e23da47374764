"""Client of the embedder process."""

from collections.abc import Sequence
from typing import Protocol

import grpc.aio

from common.grpc_client import unwrap
from common.signing import acting_for
from securetranscribe.v1 import embedding_pb2, embedding_pb2_grpc

Vector = Sequence[float]
#: Texts per call.
MOST_TEXTS = 32
_QUERY_SECONDS = 1.0
_PASSAGE_SECONDS = 60.0


class Embedder(Protocol):
    """Turns texts into vectors."""

    async def embed_query(self, text: str) -> Vector:
        """Return the vector to search with.

        Raises:
            ApplicationError: there is none, or not soon enough.
        """
        ...

    async def embed_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vectors of texts to be found.

        Raises:
            ApplicationError: there are none, or not soon enough.
        """
        ...


class EmbedderClient:
    """`Embedder` backed by EmbeddingService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = embedding_pb2_grpc.EmbeddingServiceStub(channel)

    async def embed_query(self, text: str) -> Vector:
        """Return the vector to search with, within a second."""
        vectors = await self._embed(
            [text], embedding_pb2.EMBEDDING_PURPOSE_QUERY, seconds=_QUERY_SECONDS
        )
        return vectors[0]

    async def embed_passages(self, texts: Sequence[str]) -> list[Vector]:
        """Return the vectors of at most `MOST_TEXTS` texts to be found."""
        return await self._embed(
            texts, embedding_pb2.EMBEDDING_PURPOSE_PASSAGE, seconds=_PASSAGE_SECONDS
        )

    async def _embed(
        self,
        texts: Sequence[str],
        purpose: embedding_pb2.EmbeddingPurpose.ValueType,
        *,
        seconds: float,
    ) -> list[Vector]:
        answer = await unwrap(
            self._stub.Embed(
                embedding_pb2.EmbedRequest(texts=texts, purpose=purpose),
                timeout=seconds,
                metadata=acting_for(),
            )
        )
        return [embedding.values for embedding in answer.embeddings]
