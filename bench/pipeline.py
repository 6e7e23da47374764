"""Measurement of the product: the whole stack with the workers that it starts by itself."""

import os
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc

from bench.metrics import diarization_errors, speaker_word_errors, word_errors
from bench.recordings import Recording, turns_in
from common.models.manifest import FASTER_WHISPER
from devstack.config import DIARIZER, TRANSCRIBER_WORKER
from devstack.machine import cores, memory_bytes, usual_workers
from devstack.process import Process
from devstack.service_stack import ServiceStack
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import transcription_pb2 as pb
from securetranscribe.v1 import transcription_pb2_grpc

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1024**2
_OVERRIDES = {
    "*": {
        "MAX_FILE_SIZE": "4GB",
        "LOG_LEVEL": "WARNING",
        "RATE_LIMIT_STATUS": "100000/minute",
        "RATE_LIMIT_UPLOAD": "100000/minute",
        "UPLOADS_PER_SESSION": "1000",
        "UPLOADS_PER_ADDRESS": "1000",
    },
}


def measure(
    recordings: Sequence[Recording], model_dir: Path, *, whisper: bool = False
) -> dict[str, Any]:
    """Process all recordings with the product. Return the figures of `baseline.measure`.

    All recordings are submitted at once, so workers never wait between recordings. Neither do the
    plain scripts. With `whisper`, English is recognized by Whisper, as other languages are.
    """
    overrides = {"*": {**_OVERRIDES["*"], "MODEL_DIR": str(model_dir.absolute())}}
    if whisper:
        overrides["*"]["SPEECH_ENGINE_ENGLISH"] = FASTER_WHISPER
    usual = usual_workers(cores(), memory_bytes(), gpu=False)
    workers = {TRANSCRIBER_WORKER: usual.recognition, DIARIZER: usual.diarization}
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-bench-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides=overrides, workers=workers) as services,
        SecureTranscribeClient(f"{services.gateway_url}/api") as client,
    ):
        processes = [*servers.processes, *services.processes]
        before = {process.name: cpu_seconds(process) for process in processes}
        began = time.monotonic()
        started = {recording.name: _start(client, recording) for recording in recordings}
        token = str(client.session_token)
        for number in started.values():
            watch(number, token, services)
        wall = time.monotonic() - began
        done = {name: _finished(client, number) for name, number in started.items()}
        return {
            "mode": "pipeline, warm workers",
            "wall": wall,
            "warm": wall,
            "cpu": sum(cpu_seconds(one) - before[one.name] for one in processes),
            "audio_seconds": sum(state["file_info"]["duration"] for state in done.values()),
            "stages": {
                process.name: {
                    "wall": wall,
                    "cpu": cpu_seconds(process) - before[process.name],
                    "peak_mb": _peak_bytes(process) / _MEGABYTE,
                }
                for process in processes
            },
            "recordings": {
                recording.name: _score(recording, done[recording.name], client, services)
                for recording in recordings
            },
        }


def _start(client: SecureTranscribeClient, recording: Recording) -> int:
    with recording.audio.open("rb") as file:
        return int(client.upload_audio(file, auto_start=True)["transcription_id"])


def watch(identifier: int, token: str, services: ServiceStack) -> None:
    """Wait for the end of a transcription. A stream costs less CPU time than polling."""
    with grpc.insecure_channel(services.address("transcriber-api")) as channel:
        stub = transcription_pb2_grpc.TranscriptionServiceStub(channel)
        request = pb.WatchTranscriptionRequest(transcription_id=identifier)
        for _ in stub.WatchTranscription(request, metadata=(("authorization", f"Bearer {token}"),)):
            pass


def _finished(client: SecureTranscribeClient, identifier: int) -> dict[str, Any]:
    state = client.get_status(identifier)
    if state["status"] != "completed":
        raise RuntimeError(f"{state['file_info']} failed: {state['error']}")
    return state


def _score(
    recording: Recording,
    state: Mapping[str, Any],
    client: SecureTranscribeClient,
    services: ServiceStack,
) -> dict[str, float]:
    """Return error rates in percent, limited to those with a reference."""
    identifier = state["transcription_id"]
    scores: dict[str, float] = {}
    if recording.utterances:
        scores["wer"] = 100 * word_errors(recording.text, state["full_transcript"]).rate
        said = _said(identifier, str(client.session_token), services)
        scores["cpwer"] = 100 * speaker_word_errors(recording.text_by_speaker, said).rate
    if recording.turns:
        turns = _turns(identifier, str(client.session_token), services)
        errors = diarization_errors(recording.turns, turns)
        scores["der"] = 100 * errors.rate
        scores["confusion"] = 100 * errors.confusion / errors.total
        scores["speakers"] = state["num_speakers"]
    return scores


def _said(identifier: int, token: str, services: ServiceStack) -> dict[str, str]:
    """Return the text per speaker, by the first label of each word."""
    said: dict[str, list[str]] = {}
    with grpc.insecure_channel(services.address("transcriber-api")) as channel:
        stub = transcription_pb2_grpc.TranscriptionServiceStub(channel)
        request = pb.StreamTranscriptRequest(transcription_id=identifier, include_words=True)
        metadata = (("authorization", f"Bearer {token}"),)
        for batch in stub.StreamTranscript(request, metadata=metadata):
            for word in (word for segment in batch.segments for word in segment.words):
                label = word.speaker_labels[0] if word.speaker_labels else ""
                said.setdefault(label, []).append(word.text)
    return {label: " ".join(words) for label, words in said.items()}


def _turns(identifier: int, token: str, services: ServiceStack) -> list[tuple[float, float, str]]:
    """Return the turns that diarization found, as exported."""
    query = "export_format=rttm&turns=diarizer"
    request = urllib.request.Request(
        f"{services.gateway_url}/api/transcription/export/{identifier}?{query}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with (
        urllib.request.urlopen(request) as answer,
        tempfile.NamedTemporaryFile(suffix=".rttm") as file,
    ):
        file.write(answer.read())
        file.flush()
        return list(turns_in(Path(file.name)))


def cpu_seconds(process: Process) -> float:
    """Return the processor time of a process and of its ended children."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def _peak_bytes(process: Process) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
