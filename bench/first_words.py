"""First words of a long recording: seconds from the end of its upload to the first partial text.

    python -m bench.first_words --audio FILE [--minutes 60] [--megabytes-per-second 4]

The audio is repeated to the wanted length and uploaded as a WAV file at a limited speed, with and
without an early start of recognition. Both runs must show the same words.
"""

import argparse
import io
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import grpc
import numpy as np

from bench.pipeline import cpu_seconds
from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE
from devstack.config import DIARIZER, TRANSCRIBER_WORKER
from devstack.machine import cores, memory_bytes, usual_workers
from devstack.service_stack import ServiceStack
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import transcription_pb2 as pb
from securetranscribe.v1 import transcription_pb2_grpc

_MEGABYTE = 1_000_000
_OVERRIDES = {"*": {"MAX_FILE_SIZE": "4GB", "LOG_LEVEL": "WARNING"}}


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Seconds from the last byte to the answer and to the first text, that text, and CPU time."""

    answered: float
    first: float
    text: str
    cpu: dict[str, float]


class _Throttled(io.RawIOBase):
    """A file read at a limited speed. `ended` is when its end was reached."""

    def __init__(self, file: IO[bytes], bytes_per_second: float) -> None:
        self._file = file
        self._rate = bytes_per_second
        self._began = 0.0
        self._read = 0
        self.ended = 0.0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        self._began = self._began or time.monotonic()
        data = self._file.read(size)
        self._read += len(data)
        early = self._began + self._read / self._rate - time.monotonic()
        if early > 0:
            time.sleep(early)
        self.ended = time.monotonic()
        return data


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--audio", type=Path, required=True, help="recording to repeat")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--megabytes-per-second", type=float, default=4.0)
    parser.add_argument("--language", default="en")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory:
        file = Path(directory) / "long.wav"
        _write(file, chosen.audio, chosen.minutes * 60)
        size = file.stat().st_size / _MEGABYTE
        print(f"{chosen.minutes:.0f} min, {size:.0f} MB at {chosen.megabytes_per_second:g} MB/s")
        rate = chosen.megabytes_per_second * _MEGABYTE
        texts = []
        for early in (True, False):
            shown = _measured(file, rate, chosen.language, early=early)
            texts.append(shown.text)
            print(
                f"START_EARLY={str(early).lower():<5}  {shown.first:6.1f} s to the first words, "
                f"{shown.answered:.1f} s to the answer"
            )
            for name, used in shown.cpu.items():
                print(f"    {name:<24} {used:6.1f} CPU s until then")
    print("same words" if texts[0] == texts[1] else "OTHER WORDS")


def _measured(file: Path, rate: float, language: str, *, early: bool) -> _Shown:
    usual = usual_workers(cores(), memory_bytes(), gpu=False)
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(
            servers,
            overrides={**_OVERRIDES, "transcriber-api": {"START_EARLY": str(early).lower()}},
            workers={TRANSCRIBER_WORKER: usual.recognition, DIARIZER: usual.diarization},
        ) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api", timeout_seconds=600) as client,
    ):
        before = {one.name: cpu_seconds(one) for one in services.processes}
        with file.open("rb") as opened:
            throttled: Any = _Throttled(opened, rate)
            answer = client.upload_audio(
                throttled, filename="long.wav", language=language, auto_start=True
            )
        answered = time.monotonic()
        text = _first_text(int(answer["transcription_id"]), str(client.session_token), services)
        first = time.monotonic()
        return _Shown(
            answered=answered - throttled.ended,
            first=first - throttled.ended,
            text=text,
            cpu={
                one.name: used
                for one in services.processes
                if (used := cpu_seconds(one) - before[one.name]) > 0.5
            },
        )


def _first_text(identifier: int, token: str, services: ServiceStack) -> str:
    """Wait for the first partial text and return it."""
    with grpc.insecure_channel(services.address("transcriber-api")) as channel:
        stub = transcription_pb2_grpc.TranscriptionServiceStub(channel)
        request = pb.WatchTranscriptionRequest(transcription_id=identifier)
        metadata = (("authorization", f"Bearer {token}"),)
        for state in stub.WatchTranscription(request, metadata=metadata):
            if state.partial_transcript.segments:
                return " ".join(part.text for part in state.partial_transcript.segments)
    raise RuntimeError("the job ended without a partial text")


def _write(target: Path, audio: Path, length: float) -> None:
    samples = np.concatenate(list(decode(str(audio))))
    data = (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    left = round(length * SAMPLE_RATE) * 2
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        while left > 0:
            file.writeframesraw(data[:left])
            left -= len(data)


if __name__ == "__main__":
    main()
