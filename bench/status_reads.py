"""Status reads over 50 connections, next to echoes of the same body.

    python -m bench.status_reads [--seconds 10] [--connections 50]

The plain echo is a FastAPI application that returns the body of the product's answer. The other
one first makes one gRPC call to a second process, which runs one SQL query and returns the body.
All are measured in turn by the same client, several times. Ratios are of the medians.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import echoes
from bench.pipeline import cpu_seconds
from bench.recordings import sample
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient

_ROUNDS = 3
_OVERRIDES = {
    "*": {
        "LOG_LEVEL": "WARNING",
        "RATE_LIMIT_STATUS": "100000000/minute",
    }
}


@dataclass(frozen=True, kw_only=True)
class Reads:
    """Reads per second, and the 50th and 99th percentile of their duration in milliseconds."""

    rate: float
    median: float
    p99: float


async def load(
    host: str, port: int, path: str, token: str, *, connections: int, seconds: float
) -> Reads:
    """Read a path over keep-alive connections, each with one request at a time.

    Raises:
        RuntimeError: an answer is not 200.
    """
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    took: list[float] = []
    end = time.perf_counter() + seconds
    await asyncio.gather(*(_reading(host, port, request, end, took) for _ in range(connections)))
    took.sort()
    return Reads(
        rate=len(took) / seconds,
        median=statistics.median(took) * 1000,
        p99=took[int(len(took) * 0.99)] * 1000,
    )


async def _reading(host: str, port: int, request: bytes, end: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while (began := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.partition(b"\r\n")[0].decode())
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            await reader.readexactly(length)
            took.append(time.perf_counter() - began)
    finally:
        writer.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure reads of a status.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides=_OVERRIDES) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api") as client,
    ):
        with sample().audio.open("rb") as file:
            number = client.upload_audio(file, auto_start=True)["transcription_id"]
        client.wait(number, timeout_seconds=600)
        path = f"/api/transcription/status/{number}"
        body = Path(directory) / "body.json"
        host, port = str(services.gateway_url).removeprefix("http://").split(":")
        token = str(client.session_token)
        body.write_bytes(_body(f"{services.gateway_url}{path}", token))
        processes = [*servers.processes, *services.processes]
        with echoes.running(body, servers.environment("transcriber")["DATABASE_URL"]) as echo:
            targets = {
                "bare echo": (echo, "/bare"),
                "echo with a gRPC call and a query": (echo, "/call"),
                "status reads": (int(port), path),
            }
            before = {process.name: cpu_seconds(process) for process in processes}
            results: dict[str, list[Reads]] = {name: [] for name in targets}
            for _ in range(_ROUNDS):
                for name, (at, what) in targets.items():
                    read = load(
                        host,
                        at,
                        what,
                        token,
                        connections=options.connections,
                        seconds=options.seconds,
                    )
                    results[name].append(asyncio.run(read))
            used = {one.name: cpu_seconds(one) - before[one.name] for one in processes}
            print(f"{options.connections} connections, body of {body.stat().st_size} bytes")
    print(_table(results, used, options.seconds))


def _body(url: str, token: str) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
    return content


def _table(
    results: Mapping[str, Sequence[Reads]], used: Mapping[str, float], seconds: float
) -> str:
    typical = {name: _typical(reads) for name, reads in results.items()}
    product = typical["status reads"]
    lines = [
        f"{name:<36} {reads.rate:7.0f}/s  median {reads.median:6.1f} ms  p99 {reads.p99:6.1f} ms"
        f"  status reads: {product.rate / reads.rate:.2f} of its rate,"
        f" {product.p99 / reads.p99:.1f} times its p99"
        for name, reads in typical.items()
    ]
    reads = sum(one.rate for one in results["status reads"]) * seconds
    lines += [
        f"{name:<36} {1e6 * cpu / reads:7.0f} CPU µs per status read"
        for name, cpu in used.items()
        if cpu > 0.05 * sum(used.values())
    ]
    return "\n".join(lines)


def _typical(reads: Sequence[Reads]) -> Reads:
    return Reads(
        rate=statistics.median(one.rate for one in reads),
        median=statistics.median(one.median for one in reads),
        p99=statistics.median(one.p99 for one in reads),
    )


if __name__ == "__main__":
    main()
