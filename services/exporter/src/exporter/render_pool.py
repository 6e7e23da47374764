"""Runs renderers on threads of their own and hands their chunks to the event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from common import logging
from common.errors import ApplicationError, ExportError
from exporter.document import Document
from exporter.formats.format import Format
from exporter.options import ExportOptions

Answer = TypeVar("Answer")
_log = logging.get(__name__)


class RenderPool:
    """A few threads that make documents; a chunk is made when the one before has been taken."""

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="render")

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Runs blocking work.

        Raises:
            ExportError: it failed for a reason that is not for the caller.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except ApplicationError:
            raise
        except Exception as error:
            _log.exception("rendering failed")
            raise ExportError("The document could not be made; the exporter's log says why.") from (
                error
            )

    async def chunks(
        self, made: Format, document: Document, options: ExportOptions
    ) -> AsyncIterator[bytes]:
        """A document in the given format, chunk by chunk. Raises ExportError as `run` does."""
        rendered: Iterator[bytes] = await self.run(lambda: iter(made.render(document, options)))
        while (chunk := await self.run(lambda: next(rendered, None))) is not None:
            yield chunk

    def close(self) -> None:
        """Takes no more work."""
        self._threads.shutdown(wait=False, cancel_futures=True)
