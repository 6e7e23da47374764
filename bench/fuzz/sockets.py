"""WebSockets with messages and frames that no client sends."""

import asyncio
import base64
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench.fuzz import mutations, texts
from bench.fuzz.oracle import Book, inside
from bench.fuzz.target import Target

KIND = "websockets"
PATHS = ("/ws", "/api/ws", "/ws/live", "/api/v1/ws/live", "/ws/live/follow", "/ws?token=")
_IDLE_SECONDS = 1.0
_MOST_ANSWERS = 20
_ABNORMAL = 1006
_INTERNAL = 1011
_TYPES = (
    "ping",
    "begin",
    "resume",
    "chunk",
    "finish",
    "watch",
    "unwatch",
    "follow",
    "",
    "__proto__",
)
_ENCODINGS = ("linear16", "float32", "webm_opus", "ogg_opus", "mp3", None, 1)
_RATES = (8000, 16_000, 48_000, 0, -1, 1e9, "16000", None)
_LONGEST = 70_000
#: The product ends a connection with a longer message, without reading on. Then its reason can get
#: lost on the way to a client that goes on sending.
_LONGEST_READ = 64 * 1024


def frame(random: Random, sound: Sequence[bytes]) -> str | bytes:
    """Return a message: JSON, nearly JSON, a chunk of sound, or anything."""
    kind = random.random()
    if kind < 0.45:
        return json.dumps(_body(random, sound))
    if kind < 0.6:
        text = json.dumps(_body(random, sound)).encode()
        return mutations.mutate(text, random.getrandbits(32)).decode(errors="ignore")
    if kind < 0.9:
        number = random.choice((0, 1, 2, random.getrandbits(63), 2**64 - 1)).to_bytes(8, "big")
        flags = bytes([random.choice((0, 1, 1, 2, 255))])
        data = mutations.mutate(random.choice(sound), random.getrandbits(32), sound)
        return (number + flags + data)[: random.choice((5, 9, 4000, 64_000, _LONGEST))]
    return texts.text(random)


def _body(random: Random, sound: Sequence[bytes]) -> Any:
    if random.random() < 0.1:
        return random.choice(([], 1, None, "begin", {"type": {"type": "begin"}}, [[[[]]]]))
    made: dict[str, Any] = {"type": random.choice(_TYPES)}
    fields: dict[str, Any] = {
        "encoding": random.choice(_ENCODINGS),
        "sample_rate": random.choice(_RATES),
        "channel_count": random.choice((1, 2, 0, 99, "1")),
        "title": texts.text(random, most=300),
        "language": random.choice(("en", "xx", "", texts.text(random, most=20))),
        "request_id": texts.text(random, most=200),
        "phrases": [texts.text(random, most=100)],
        "capture_id": texts.text(random, most=100),
        "after_sequence": random.choice((0, -1, 2**63, "0")),
        "transcription_id": random.choice((1, 0, -1, 2**63, "1")),
        "number": random.choice((0, 1, -1, 2**64, 0.5)),
        "data": base64.b64encode(random.choice(sound)[:3000]).decode(),
        "chunk_count": random.choice((0, 1, 100_001, -1)),
        "auto_start": random.choice((False, False, "yes")),
        texts.text(random, most=40): texts.text(random, most=100),
    }
    if made["type"] == "begin" and random.random() < 0.6:
        # One that is accepted, so that the frames behind it reach the session.
        return {"type": "begin", "encoding": "linear16", "sample_rate": 16_000, "auto_start": False}
    for name in random.sample(sorted(fields), random.randint(0, 6)):
        made[name] = fields[name]
    return made


async def case(target: Target, book: Book, sound: Sequence[bytes], seed: str) -> None:
    """Open one connection, send some frames, and read until it is closed or idle."""
    random = Random(seed)
    path = random.choice(PATHS)
    url = str(target.http.base_url).replace("http", "ws", 1).rstrip("/") + path
    frames = [frame(random, sound) for _ in range(random.randint(1, 12))]
    headers = target.headers if random.random() < 0.95 else {}
    try:
        # Without pings of its own, which a busy machine answers late.
        async with connect(
            url, additional_headers=headers, proxy=None, open_timeout=120, ping_interval=None
        ) as socket:
            for one in frames:
                await socket.send(one)
            outcome = await _read(socket, book, seed)
    except InvalidStatus as error:
        status = error.response.status_code
        text = (error.response.body or b"").decode(errors="replace")
        book.http(KIND, seed, status, dict(error.response.headers.raw_items()), text)
        return
    except ConnectionClosed as error:
        outcome = str(error.rcvd.code if error.rcvd else _ABNORMAL)
    except OSError as error:
        book.fault(KIND, seed, f"{path}: {error!r}")
        return
    if outcome == str(_ABNORMAL) and any(_size(one) > _LONGEST_READ for one in frames):
        book.note(KIND, "too long")
    elif outcome in (str(_ABNORMAL), str(_INTERNAL)):
        book.fault(KIND, seed, f"{path}: closed with {outcome}")
    elif outcome:
        book.note(KIND, outcome)


def _size(message: str | bytes) -> int:
    return len(message.encode() if isinstance(message, str) else message)


async def _read(socket: ClientConnection, book: Book, seed: str) -> str:
    """Return the code of the end, or that there was none. Empty if a message was a fault."""
    for _ in range(_MOST_ANSWERS):
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                answer = await socket.recv()
        except TimeoutError:
            return "open"
        text = answer if isinstance(answer, str) else answer.decode(errors="replace")
        if '"error"' in text and (found := inside(text)):
            book.fault(KIND, seed, f"an error shows {found!r}: {text[:400]}")
            return ""
    return "open"
