"""Questions for the versions of statuses, asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

#: A transcription and the workspace that owns it.
Owned = tuple[int, str]
Ask = Callable[[Sequence[Owned]], Awaitable[Sequence[str]]]
_MOST = 500


class VersionChecks:
    """Asks one question at a time. Those that come in the meantime are asked together after it.

    So an answer is never older than its question, and nobody waits for others to ask.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: dict[Owned, asyncio.Future[str]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, transcription_id: int, workspace_id: str) -> str:
        """Return the version of a status, empty if there is none.

        Raises:
            ApplicationError: the transcriber does not answer.
        """
        owned = (transcription_id, workspace_id)
        answer = self._waiting.get(owned)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            # Callers that have left do not retrieve an error.
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._waiting[owned] = answer
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all(), name="version checks")
        return await asyncio.shield(answer)

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                asked = dict(islice(self._waiting.items(), _MOST))
                for owned in asked:
                    del self._waiting[owned]
                await self._ask_some(asked)
        finally:
            self._asking = None

    async def _ask_some(self, asked: dict[Owned, "asyncio.Future[str]"]) -> None:
        try:
            versions = await self._ask(tuple(asked))
            for answer, version in zip(asked.values(), versions, strict=True):
                answer.set_result(version)
        except Exception as error:
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(error)
        finally:
            for answer in asked.values():
                answer.cancel()
