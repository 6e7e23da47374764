"""Thread pool for renderers, which hands their chunks to the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from common import logging
from common.errors import ApplicationError, ExportError
from exporter.document import Document
from exporter.formats.format import Format
from exporter.options import ExportOptions

Result = TypeVar("Result")
_log = logging.get(__name__)


class RenderPool:
    """Threads that render documents, at most `workers` at a time.

    A chunk is rendered only when the previous one has been taken, so that a slow client slows its
    document down instead of filling memory.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="render")

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run blocking work in a thread.

        Raises:
            ExportError: it failed unexpectedly. The cause is logged.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except ApplicationError:
            raise
        except Exception as error:
            _log.exception("rendering failed")
            raise ExportError("The document could not be created. See the exporter's log.") from (
                error
            )

    async def chunks(
        self, target: Format, document: Document, options: ExportOptions
    ) -> AsyncIterator[bytes]:
        """Yield a document in the given format, chunk by chunk. Raise ExportError as `run` does."""
        rendered: Iterator[bytes] = await self.run(lambda: iter(target.render(document, options)))
        while (chunk := await self.run(lambda: next(rendered, None))) is not None:
            yield chunk

    def close(self) -> None:
        """Cancel waiting work and accept no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)
