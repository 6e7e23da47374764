"""Background steps of the index."""

from collections.abc import Sequence

from common import telemetry
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.postgres import Connection, Database
from transcriber.search.embedder_client import MOST_TEXTS, Embedder
from transcriber.store import step_names
from transcriber.store.embeddings import Embeddings
from transcriber.store.search import SearchIndex


class SearchTextStep(ItemStep[int]):
    """Indexes new transcripts, those made before the search, and changes of older replicas."""

    name = step_names.SEARCH_TEXTS
    items = "transcriptions to index for the search"
    outcome = "The search does not find the transcription, and says that it is behind."
    policy = Policy(most_attempts=8, timeout=300.0)

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions to index."""
        return await SearchIndex(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Index one transcription."""
        async with self._database.transaction() as connection:
            await SearchIndex(connection).rebuild(item)


class EmbeddingStep(ItemStep[int]):
    """Embeds new and changed texts. An absent embedder counts as an outage."""

    name = step_names.SEARCH_EMBEDDINGS
    items = "transcriptions with texts to embed"
    outcome = "The search finds the texts by their words only, and says that it is behind."
    policy = Policy(most_attempts=8, timeout=3600.0)

    def __init__(self, database: Database, embedder: Embedder | None) -> None:
        """Without an embedder, nothing is due."""
        super().__init__(database)
        self._embedder = embedder

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with texts to embed."""
        return [] if self._embedder is None else await Embeddings(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Embed all texts of one transcription."""
        assert self._embedder is not None
        while True:
            async with self._database.transaction() as connection:
                texts = await Embeddings(connection).texts(item, MOST_TEXTS)
            if not texts:
                return
            vectors = await self._embedder.embed_passages([text for _, text in texts])
            async with self._database.transaction() as connection:
                await Embeddings(connection).store(texts, vectors)


class EmbeddingBacklog:
    """The metric of texts without embeddings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def measure(self) -> None:
        """Update the metric."""
        async with self._database.statements() as connection:
            waiting = await Embeddings(connection).waiting()
        telemetry.SEARCH_UNEMBEDDED.set(waiting)
