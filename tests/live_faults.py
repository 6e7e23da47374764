"""A live session through faults: cuts of the network, and killed servers.

    python -m tests.live_faults --seconds 300 --cuts 10 --kills 3 [--recording FILE]

Feeds a recording at real time to a stack of its own. The network of the client is cut `--cuts`
times, and the transcriber's api and its worker are killed in turns `--kills` times, each after an
equal time. The finished transcript must have the words of the same sound uploaded as a file, none
missing and none twice. Exits with 1 if it has not.
"""

import argparse
import asyncio
import difflib
import io
import os
import sys
import tempfile
import time
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import recordings
from devstack.service_stack import ServiceStack
from devstack.testing import embedded_servers, running_services
from securetranscribe import SecureTranscribeClient
from tests.e2e.live_clients import (
    CHUNK_SECONDS,
    RATE,
    Follower,
    Recorder,
    begin,
    chunks_of,
    live_text,
    opened_link,
    until,
    words_of,
)
from tests.limits import UNLIMITED

_VICTIMS = ("transcriber-api", "transcriber-worker-1")
_JOB_SECONDS = 3600.0


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.live_faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="length of the recording")
    parser.add_argument("--cuts", type=int, default=10, help="cuts of the client's network")
    parser.add_argument("--kills", type=int, default=3, help="killed servers")
    parser.add_argument("--recording", type=Path, help="sound to feed, by default a short call")
    chosen = parser.parse_args()
    chunks = _sound(chosen.recording or recordings.sample().audio, chosen.seconds)
    with (
        tempfile.TemporaryDirectory(prefix="securetranscribe-live-") as directory,
        embedded_servers(Path(directory)) as servers,
        running_services(servers, overrides={"*": dict(UNLIMITED)}) as services,
    ):
        assert services.gateway_url is not None
        with SecureTranscribeClient(f"{services.gateway_url}/api") as client:
            client.get_session()
            recorder, follower = asyncio.run(
                _record(services, client, chunks, _faults(len(chunks), chosen.cuts, chosen.kills))
            )
            right = _compare(client, recorder, follower, chunks)
    sys.exit(0 if right else 1)


def _sound(recording: Path, seconds: float) -> list[bytes]:
    """Return the recording in chunks, again and again for a time."""
    once, count = chunks_of(recording), int(seconds / CHUNK_SECONDS)
    return (once * (count // len(once) + 1))[:count]


def _faults(count: int, cuts: int, kills: int) -> Mapping[int, str]:
    """Return the chunks before which something happens."""
    found = {int((number + 0.5) * count / cuts): "cut" for number in range(cuts)}
    for number in range(kills):
        found[int((number + 0.8) * count / kills)] = _VICTIMS[number % len(_VICTIMS)]
    return found


async def _record(
    services: ServiceStack,
    client: SecureTranscribeClient,
    chunks: Sequence[bytes],
    faults: Mapping[int, str],
) -> tuple[Recorder, Follower]:
    """Feed chunks at real time through faults."""
    assert services.gateway_url is not None
    recorder = Recorder(
        url=services.gateway_url.replace("http", "ws", 1) + "/ws/live",
        token=str(client.session_token),
        begin=begin("Faults"),
    )
    running = asyncio.create_task(recorder.run())
    await until(lambda: recorder.transcription_id)
    follower = await asyncio.to_thread(
        opened_link, services.gateway_url, recorder.token, recorder.transcription_id
    )
    following = asyncio.create_task(follower.run())
    restarting: list[asyncio.Task[None]] = []
    began = time.monotonic()
    for number, data in enumerate(chunks):
        fault = faults.get(number)
        if fault == "cut":
            recorder.cut()
        elif fault is not None:
            services.process(fault).kill()
            restarting.append(asyncio.create_task(services.restart(fault)))
        if fault is not None:
            print(f"{number * CHUNK_SECONDS:6.1f} s  {fault}", flush=True)
        await recorder.record(data)
        await asyncio.sleep(max(0.0, began + (number + 1) * CHUNK_SECONDS - time.monotonic()))
    await asyncio.gather(*restarting)
    await until(lambda: recorder.acknowledged == len(chunks))
    await recorder.finish()
    await until(lambda: recorder.ended)
    await asyncio.gather(running, following)
    return recorder, follower


def _compare(
    client: SecureTranscribeClient, recorder: Recorder, follower: Follower, chunks: Sequence[bytes]
) -> bool:
    """Print what arrived, and return whether nothing is missing or there twice."""
    finished = client.wait(recorder.transcription_id, timeout_seconds=_JOB_SECONDS)
    uploaded = client.upload_audio(
        io.BytesIO(_wav(chunks)), filename="Faults.wav", auto_start=True, language="en"
    )
    batch = client.wait(uploaded["transcription_id"], timeout_seconds=_JOB_SECONDS)
    final, reference = _words(finished), _words(batch)
    finals = live_text(recorder.finals)
    live = words_of(" ".join(text for _, text in finals))
    same = live_text(follower.finals) == finals
    once = len({segment for segment, _ in finals}) == len(finals)
    print(f"connections of the recorder: {recorder.connections}")
    print(f"words of the same sound uploaded: {len(reference)}, of the session: {len(final)}")
    print(f"live words: {len(live)}, of which {_matched(live, reference)} are those of the file")
    print(f"live segments: {len(finals)}, each once: {once}, the follower saw them: {same}")
    for kind, first, last, begins, ends in difflib.SequenceMatcher(
        None, reference, final, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            print(f"  {kind}: {reference[first:last]} -> {final[begins:ends]}")
    return final == reference and same and once


def _matched(some: Sequence[str], others: Sequence[str]) -> int:
    matcher = difflib.SequenceMatcher(None, some, others, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def _words(transcription: Mapping[str, object]) -> list[str]:
    segments = transcription["segments"]
    assert isinstance(segments, list)
    return words_of(" ".join(segment["text"] for segment in segments))


def _wav(chunks: Sequence[bytes]) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(b"".join(chunks))
    return file.getvalue()


if __name__ == "__main__":
    os.environ.setdefault("MODEL_DIR", str(Path(".models").absolute()))
    main()
