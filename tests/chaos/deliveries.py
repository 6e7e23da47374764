"""Messages of the stack that are delivered again, in another order."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import nats.errors
from nats.aio.client import Client

from common import bus
from tests.nats_clients import flushed

_KEPT = 200
_REPEATED = 20
_PATIENCE_SECONDS = 5.0


@dataclass(kw_only=True)
class Deliveries:
    """The last tasks and results of workers, as they passed.

    A repetition has no id of a message, so that the server does not drop it as a duplicate.
    """

    client: Client
    seen: deque[tuple[str, bytes, dict[str, str]]] = field(
        default_factory=lambda: deque(maxlen=_KEPT)
    )

    @classmethod
    async def watch(cls, url: str) -> "Deliveries":
        """Watch tasks and results. `url` is that of a user with all rights."""
        client = await bus.connect(url, name="chaos")
        deliveries = cls(client=client)
        for subject in (bus.tasks_subject("*"), bus.results_subject("*")):
            await client.subscribe(subject, cb=deliveries._note)
        # Other connections may publish as soon as this returns.
        await flushed(client)
        return deliveries

    async def repeat(self, dice: random.Random) -> int:
        """Deliver some of the messages again. Return their number."""
        among = list(self.seen)
        chosen = dice.sample(among, min(len(among), _REPEATED))
        for subject, payload, headers in chosen:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self.client.jetstream().publish(subject, payload, headers=headers)
            except (nats.errors.Error, OSError, TimeoutError):
                return 0  # the server is away, by another fault
        return len(chosen)

    async def close(self) -> None:
        """Close the connection."""
        await bus.close(self.client)

    async def _note(self, message: Any) -> None:
        headers = {
            name: value
            for name, value in (message.headers or {}).items()
            if not name.lower().startswith("nats-")
        }
        message_copy = (message.subject, message.data, headers)
        if message_copy not in self.seen:
            self.seen.append(message_copy)
