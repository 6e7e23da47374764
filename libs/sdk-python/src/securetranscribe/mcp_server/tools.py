"""Tools for language models."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ParamSpec, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from securetranscribe.async_client import AsyncSecureTranscribeClient
from securetranscribe.errors import AuthenticationError, SecureTranscribeError
from securetranscribe.mcp_server.directories import Directories, ForbiddenFileError
from securetranscribe.mcp_server.results import Hits, Items, Links, Passages, State
from securetranscribe.steps import Data, present

P = ParamSpec("P")
R = TypeVar("R")

_POLL_SECONDS = 2.0
_FINAL = frozenset({"completed", "failed"})
Limit = Annotated[int, Field(ge=1, le=100)]
Id = Annotated[int, Field(ge=1, description="Id of the transcription")]
Date = Annotated[str | None, Field(description="A date or a time, such as 2026-11-29")]
Wait = Annotated[
    float,
    Field(ge=0, le=3600, description="Seconds to wait for the end. Progress is reported meanwhile"),
]


def _reported(tool: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Pass errors that a user can do something about to the model."""

    @functools.wraps(tool)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await tool(*args, **kwargs)
        except AuthenticationError as error:
            raise ToolError(
                f"{error} The user has to log in again: securetranscribe login"
            ) from error
        except (SecureTranscribeError, ForbiddenFileError) as error:
            raise ToolError(str(error)) from error
        except OSError as error:
            raise ToolError(f"The file cannot be read: {error.strerror}") from error

    return call


class Tools:
    """Tools on one server, with the rights of the client's token."""

    def __init__(
        self, client: AsyncSecureTranscribeClient, links: Links, directories: Directories
    ) -> None:
        self._client = client
        self._links = links
        self._directories = directories

    @_reported
    async def search(
        self,
        query: Annotated[str, Field(min_length=1, description="Words or a description")],
        *,
        transcription_id: Annotated[int | None, Field(description="Only this one")] = None,
        speaker: Annotated[str | None, Field(description="Only words of this speaker")] = None,
        language: Annotated[str | None, Field(description="A tag such as en")] = None,
        since: Date = None,
        until: Date = None,
        limit: Limit = 20,
        cursor: Annotated[str | None, Field(description="Of the previous page")] = None,
    ) -> Hits:
        """Search all transcripts by words and by meaning. Cite hits with their link."""
        filters = present(
            transcription_id=transcription_id,
            speaker=speaker,
            language=language,
            since=since,
            until=until,
            cursor=cursor,
        )
        return self._links.hits(await self._client.search_page(query, limit=limit, **filters))

    @_reported
    async def read_transcript(
        self,
        transcription_id: Id,
        *,
        start: Annotated[float | None, Field(ge=0, description="Only behind this second")] = None,
        end: Annotated[float | None, Field(ge=0, description="Only before this second")] = None,
        offset: Annotated[int, Field(ge=0, description="Segments to skip")] = 0,
        limit: Limit = 50,
    ) -> Passages:
        """Read a part of a transcript, with ids, times, speakers and links to cite it by."""
        status = await self._client.get_status(transcription_id, transcript=False)
        page = await self._client.read_transcript(
            transcription_id, words=False, start=start, end=end, limit=limit, offset=offset
        )
        return self._links.passages(status, page)

    @_reported
    async def list_transcriptions(
        self,
        *,
        status: Annotated[
            str | None, Field(description="Only pending, processing, completed or failed ones")
        ] = None,
        speaker: Annotated[str | None, Field(description="Only with this speaker")] = None,
        since: Date = None,
        until: Date = None,
        limit: Limit = 20,
        cursor: Annotated[str | None, Field(description="Of the previous page")] = None,
    ) -> Items:
        """List transcriptions, the newest first."""
        filters = present(
            status_filter=status, speaker=speaker, since=since, until=until, cursor=cursor
        )
        return self._links.items(await self._client.list_transcriptions(limit=limit, **filters))

    @_reported
    async def get_status(self, transcription_id: Id, context: Context, wait: Wait = 0) -> State:
        """Return the state of a transcription, or wait until it has completed or failed."""
        return self._links.state(await self._wait(transcription_id, wait, context))

    @_reported
    async def transcribe_file(
        self,
        path: Annotated[
            str,
            Field(description="Recording, absolute or relative to one of the allowed directories"),
        ],
        context: Context,
        *,
        language: Annotated[
            str | None, Field(description="A tag such as en (default: detected)")
        ] = None,
        speakers: Annotated[
            int | None, Field(ge=1, description="Number of speakers, if it is known")
        ] = None,
        wait: Wait = 30,
    ) -> State:
        """Upload a recording of this machine and transcribe it.

        If it takes longer than `wait`, ask for its state with get_status, and do not send it again.
        """
        with self._directories.opened(path) as file:
            upload = await self._client.upload_resumable(
                file,
                filename=self._directories.find(path).name,
                auto_start=True,
                language=language,
                num_speakers=speakers,
            )
        return self._links.state(await self._wait(upload["transcription_id"], wait, context))

    async def _wait(self, transcription_id: int, seconds: float, context: Context) -> Data:
        """Return the last state, at the latest after some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            state: dict[str, Any] = await self._client.get_status(
                transcription_id, transcript=False
            )
            left = deadline - time.monotonic()
            if state["status"] in _FINAL or left <= 0:
                return state
            await context.report_progress(state["progress_percentage"], 100, state["current_step"])
            await asyncio.sleep(min(_POLL_SECONDS, left))
