"""Upload of a large recording, next to the client of the object store alone.

    python -m bench.upload [--megabytes 1000]

Both send the same WAV file to the same server, in turn. The product checks it as well. Figures are
of the fastest rounds.
"""

import argparse
import os
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

from minio import Minio

from bench.pipeline import cpu_seconds
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient

_ROUNDS = 2
_RATE = 48_000
_MEGABYTE = 1_000_000
_OVERRIDES = {
    "*": {"MAX_FILE_SIZE": "4GB", "LOG_LEVEL": "WARNING"},
}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure the upload of a large recording.")
    parser.add_argument("--megabytes", type=int, default=1000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides=_OVERRIDES) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api", timeout_seconds=600) as client,
    ):
        file = Path(directory) / "long.wav"
        _write(file, options.megabytes * _MEGABYTE)
        variables = servers.environment("transcriber")
        store = Minio(
            variables["S3_ENDPOINT"].removeprefix("http://"),
            access_key=variables["S3_ACCESS_KEY"],
            secret_key=variables["S3_SECRET_KEY"],
            secure=False,
        )
        bucket = variables.get("S3_BUCKET_AUDIO", "audio")

        def alone() -> None:
            store.fput_object(bucket, "bench/long.wav", str(file))
            store.remove_object(bucket, "bench/long.wav")

        def product() -> None:
            with file.open("rb") as opened:
                client.upload_audio(opened, auto_start=False)

        processes = [*servers.processes, *services.processes]
        took: dict[str, list[float]] = {"client of the object store": [], "product": []}
        used = dict.fromkeys((one.name for one in processes), 0.0)
        for _ in range(_ROUNDS):
            took["client of the object store"].append(_seconds(alone))
            before = {one.name: cpu_seconds(one) for one in processes}
            took["product"].append(_seconds(product))
            for one in processes:
                used[one.name] += (cpu_seconds(one) - before[one.name]) / _ROUNDS
        size = file.stat().st_size
    best = {name: min(seconds) for name, seconds in took.items()}
    for name, seconds in best.items():
        print(f"{name:<28} {seconds:6.1f} s  {size / seconds / _MEGABYTE:6.0f} MB/s")
    alone_seconds, product_seconds = best.values()
    print(f"product: {alone_seconds / product_seconds:.2f} of the speed of the client alone")
    for name, cpu in used.items():
        if cpu > 0.05:
            print(f"{name:<28} {cpu:6.1f} CPU s per upload")


def _write(path: Path, size: int) -> None:
    block = os.urandom(_MEGABYTE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for _ in range(size // _MEGABYTE):
            file.writeframesraw(block)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
