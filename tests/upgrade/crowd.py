"""Owners at work on both releases at once, over REST and gRPC."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc.aio
import httpx2

from securetranscribe import AsyncSecureTranscribeClient
from tests.chaos.book import Book
from tests.chaos.clients import GrpcClient, RestClient
from tests.chaos.owners import Owner, Quota, Recording
from tests.chaos.storm import SHARES, recordings_by_kind, texts_of
from tests.upgrade.fleet import Fleet

#: Of all clients together, between two calls.
_CALL_SECONDS = 0.15
_RECORDINGS = 10_000
#: Every replica in turn, and those that start are found at once.
_CHANNEL_OPTIONS = (
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Owners with their sessions."""

    owners: Sequence[Owner]
    sessions: Mapping[str, AsyncSecureTranscribeClient]
    """Clients by owner."""

    def unfinished(self) -> int:
        """Return the number of recordings whose jobs wait or run, as their owners last saw."""
        return sum(
            one.state in ("queued", "processing")
            for owner in self.owners
            for one in owner.owned.values()
        )


@asynccontextmanager
async def crowd(fleet: Fleet, book: Book, *, owners: int, seed: int) -> AsyncIterator[Crowd]:
    """Make sessions on a running fleet."""
    recordings = recordings_by_kind()
    quota = Quota(left=_RECORDINGS)
    sessions, made = {}, []
    async with AsyncExitStack() as exits:
        for name in (f"owner{number}" for number in range(1, owners + 1)):
            api = await exits.enter_async_context(_client(fleet))
            await api.get_session()
            assert api.session_token is not None
            channel = await exits.enter_async_context(
                grpc.aio.insecure_channel(fleet.address("transcriber-api"), _CHANNEL_OPTIONS)
            )
            sessions[name] = api
            made.append(
                Owner(
                    name=name,
                    clients=(
                        RestClient(api=api),
                        GrpcClient(channel=channel, token=api.session_token),
                    ),
                    recordings=[
                        Recording(kind=kind, content=recordings[kind])
                        for kind, share in SHARES.items()
                        for _ in range(share)
                    ],
                    quota=quota,
                    book=book,
                    seed=seed,
                    pause_seconds=_CALL_SECONDS * owners,
                )
            )
        yield Crowd(owners=made, sessions=sessions)


async def reference_texts(fleet: Fleet) -> dict[str, str]:
    """Return the texts that the running release recognizes, by kind of recording."""
    recordings = recordings_by_kind()
    # By another session, so that its recordings are not among those of the owners.
    async with _client(fleet) as api:
        return await texts_of(api, {kind: recordings[kind] for kind in SHARES})


def _client(fleet: Fleet) -> AsyncSecureTranscribeClient:
    # One connection per request. Kept ones would stay with the gateway of one release.
    limits = httpx2.Limits(max_keepalive_connections=0)
    transport = httpx2.AsyncHTTPTransport(limits=limits)
    return AsyncSecureTranscribeClient(fleet.api_url, transport=transport)
