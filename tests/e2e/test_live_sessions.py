"""A recording is read while it is made, whatever dies meanwhile, and keeps its id."""

import asyncio
import difflib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.live_clients import (
    CHUNK_SECONDS,
    Recorder,
    begin,
    chunks_of,
    live_text,
    opened_link,
    until,
    words_of,
)
from tests.e2e.owners import token_of
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

#: Speech of the sample begins here.
_SPEECH_SECONDS = 6.5


async def test_cut_twice_and_killed_once(
    stack: Stack,
    client: SecureTranscribeClient,
    sample: Path,
    show: Callable[[str], None],
) -> None:
    client.get_session()
    recorder = Recorder(
        url=stack.base_url.replace("http", "ws", 1) + "/ws/live",
        token=token_of(client),
        begin=begin("Live call"),
    )
    running = asyncio.create_task(recorder.run())
    await until(lambda: recorder.transcription_id)
    follower = await asyncio.to_thread(
        opened_link, stack.base_url, token_of(client), recorder.transcription_id
    )
    following = asyncio.create_task(follower.run())
    chunks = chunks_of(sample)
    faults = {len(chunks) // 4: "cut", len(chunks) // 2: "kill", len(chunks) * 3 // 4: "cut"}

    def connected(times: int) -> Callable[[], bool]:
        return lambda: recorder.connections >= times

    for number, data in enumerate(chunks):
        begun = time.monotonic()
        if number in faults:
            # On a busy machine, the client needs long to come back after the fault before.
            await until(connected(sorted(faults).index(number) + 1))
        if faults.get(number) == "cut":
            recorder.cut()
        elif faults.get(number) == "kill":
            stack.services.process("transcriber-api").kill()
            await stack.services.restart("transcriber-api")
        await recorder.record(data)
        # A recognizer on a busy machine gets whole utterances, of which there are no drafts.
        slow = number * CHUNK_SECONDS > _SPEECH_SECONDS and not recorder.drafts
        seconds = 4 * CHUNK_SECONDS if slow else CHUNK_SECONDS
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - begun)))
    await until(lambda: recorder.acknowledged == len(chunks))
    number = recorder.transcription_id
    state = client.get_status(number)
    assert (state["status"], state["current_step"]) == ("processing", "Live")
    with pytest.raises(ApiError) as caught:
        client.export_transcription(number, "txt")
    assert caught.value.status == 409
    # The last words become final at the end of the sound.
    end = len(chunks) * CHUNK_SECONDS
    await until(lambda: recorder.heard > end - 4.0)
    await recorder.finish()
    await until(lambda: recorder.ended)
    await asyncio.gather(running, following)

    finals = live_text(recorder.finals)
    assert live_text(follower.finals) == finals
    assert len({segment for segment, _ in finals}) == len(finals)
    assert follower.ended == {"transcription_id": number}
    assert recorder.connections == 4
    assert recorder.drafts
    # Labels of speakers have sequences too.
    sequences = [final["sequence"] for final in recorder.finals]
    assert sequences == sorted(set(sequences))
    assert recorder.ended is not None
    assert recorder.ended["transcription_id"] == number
    finished = client.wait(number, timeout_seconds=JOB_SECONDS)
    assert finished["title"] == "Live call"
    assert finished["partial_transcript"] is None
    live = words_of(" ".join(text for _, text in finals))
    batch = words_of(" ".join(segment["text"] for segment in finished["segments"]))
    matched = sum(
        block.size
        for block in difflib.SequenceMatcher(
            None, live, batch, autojunk=False
        ).get_matching_blocks()
    )
    show(f"{matched} of {len(batch)} words of the recording in {len(live)} live words")
    # The recognizer hears less context live. Lost or repeated sound would cost more words.
    assert matched > 0.8 * len(batch)
    assert len(live) < 1.15 * len(batch)
    client.delete_transcription(number)
