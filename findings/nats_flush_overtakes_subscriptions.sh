#!/usr/bin/env bash
# nats-py: `flush()` sends its ping before a subscription that was made just before, so that its pong proves nothing.
#
# `subscribe()` puts its command on a list that a task writes later, and `flush()` writes its ping past that list. A
# server may have answered the ping before it has read the subscription, and a message that another client publishes
# after `flush()` has returned is missed. A second `flush()` is enough: the list was written before its ping.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: nats-py==2.16.0
"$directory/venv/bin/python" - <<'PYTHON'
import asyncio
import importlib.metadata

import nats

INFO = b'INFO {"server_id":"x","version":"2.15.1","proto":1,"max_payload":1048576,"headers":true}\r\n'


class Server:
    """Answers pings, and notes the commands in the order in which they come."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        while line := await reader.readline():
            command = line.split()[0].decode()
            self.commands.append(command)
            if command == "PING":
                writer.write(b"PONG\r\n")
        writer.close()


async def main() -> list[str]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
    server.commands.clear()
    await client.subscribe("subject")
    await client.flush()
    seen = list(server.commands)
    await client.flush()
    print("after the first flush: ", *seen)
    print("after the second flush:", *server.commands)
    await client.close()
    listening.close()
    return server.commands


print("nats-py", importlib.metadata.version("nats-py"))
commands = asyncio.run(main())
assert commands[:3] == ["PING", "SUB", "PING"], commands
print("The ping of flush() came before the subscription.")
PYTHON
