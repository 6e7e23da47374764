"""A server for comparison with the WebSockets of the gateway.

    python -m bench.bare_sockets

Subscribes to all events at NATS_URL and sends each as JSON to the client whose path is the
event's session. Prints the port of the WebSockets and that of the metrics of its event loop.
"""

import asyncio
import json
import os
from urllib.parse import urlsplit

from google.protobuf.json_format import MessageToDict
from nats.aio.msg import Msg
from prometheus_client import start_http_server
from websockets.asyncio.server import ServerConnection, serve

from common import bus, events
from gateway import loop_watch

_ALL = f"{bus.PREFIX}.events.v1.>"


async def _serve() -> None:
    clients: dict[str, ServerConnection] = {}

    async def forward(message: Msg) -> None:
        event = events.parse(message)
        if (socket := clients.get(event.session_id)) is not None:
            await socket.send(json.dumps(MessageToDict(event)))

    async def hold(socket: ServerConnection) -> None:
        assert socket.request is not None
        session = urlsplit(socket.request.path).path.strip("/")
        clients[session] = socket
        await socket.send('{"type": "ready"}')
        await socket.wait_closed()

    connection = await bus.connect(os.environ["NATS_URL"], name="bare-sockets")
    await connection.subscribe(_ALL, cb=forward)
    metrics, _ = start_http_server(0, addr="127.0.0.1")
    async with serve(hold, "127.0.0.1", 0, backlog=2048) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        print(port, metrics.server_port, flush=True)
        await loop_watch.watch()


def main() -> None:
    """Run the server until it is terminated."""
    asyncio.run(_serve())


if __name__ == "__main__":
    main()
