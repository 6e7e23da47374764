"""Speakers of live text, with a diarizer that tells them by their samples."""

from collections.abc import AsyncIterator

import grpc
import pytest

from common.postgres import Database
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import Peers
from tests.integration.transcriber.live import fake_diarizer
from tests.integration.transcriber.live.fake_diarizer import FakeDiarizer
from tests.integration.transcriber.live.fake_recognizer import FakeRecognizer, running
from tests.integration.transcriber.live.living import LiveClient, begin, resume, stream

_STATEMENT = "SELECT segment, label FROM live_segments WHERE transcription_id = %s ORDER BY 1"


@pytest.fixture
def diarizer() -> FakeDiarizer:
    return FakeDiarizer()


@pytest.fixture
async def addresses(diarizer: FakeDiarizer) -> AsyncIterator[dict[str, str]]:
    """Run the fakes. Yield their addresses by setting."""
    async with running(FakeRecognizer(people=2)) as found, fake_diarizer.running(diarizer) as other:
        yield {"speech_grpc": found.address, "diarizer_grpc": other}


@pytest.fixture
async def api(apis: ApiFactory, addresses: dict[str, str]) -> AsyncIterator[Api]:
    async with apis.run(**addresses) as started:
        yield started


def labels(live: LiveClient) -> dict[int, str]:
    """Return the last label of each segment."""
    return {one.segment: one.speaker_label for one in live.of("speaker")}


async def test_two_voices_have_two_labels(
    api: Api, database: Database, diarizer: FakeDiarizer
) -> None:
    async with stream(api, begin()) as live:
        await live.say(0, 12)
        await live.until(lambda: len(labels(live)) == 3)
        assert labels(live) == {0: "Speaker_1", 1: "Speaker_2", 2: "Speaker_1"}
        # Labels have sequences of their own, and come after the text.
        kinds = [one.WhichOneof("live_response") for one in live.responses]
        assert kinds.index("final") < kinds.index("speaker")
        sequences = [one.sequence for one in (*live.of("final"), *live.of("speaker"))]
        assert sorted(sequences) == list(range(1, 7))
        assert all(lag.HasField("speakers") for lag in live.of("lag"))
        async with database.transaction() as connection:
            rows = await connection.execute(_STATEMENT, (live.begun.transcription_id,))
            stored = [(row["segment"], row["label"]) for row in await rows.fetchall()]
        assert dict(stored) == labels(live)
    assert diarizer.heard == [0, 1, 0]


async def test_a_known_voice_has_its_name(api: Api, peers: Peers) -> None:
    peers.speakers.known = {1: (7, "Anna")}
    async with stream(api, begin()) as live:
        await live.say(0, 16)
        await live.until(lambda: len(labels(live)) == 4 and labels(live)[3] == "Anna")
        assert labels(live) == {0: "Speaker_1", 1: "Anna", 2: "Speaker_1", 3: "Anna"}
        again = live.capture_id
    async with stream(api, resume(again)) as live:
        # Texts are returned with their labels.
        await live.until(lambda: len(live.of("final")) == 4)
        found = [one.speaker_label for one in live.of("final")]
        assert sorted(found) == ["Anna", "Anna", "Speaker_1", "Speaker_1"]


async def test_voices_that_are_not_remembered_have_no_names(api: Api, peers: Peers) -> None:
    peers.speakers.known = {0: (7, "Anna")}
    async with stream(api, begin(voice_memory=False)) as live:
        await live.say(0, 8)
        await live.until(lambda: len(labels(live)) == 2)
        assert labels(live) == {0: "Speaker_1", 1: "Speaker_2"}


async def test_without_diarization_nobody_is_told_apart(api: Api, diarizer: FakeDiarizer) -> None:
    async with stream(api, begin(diarize=False)) as live:
        await live.say(0, 8)
        await live.finish(8)
        await live.ended()
        assert len(live.of("final")) == 2
        assert not live.of("speaker")
        assert not any(lag.HasField("speakers") for lag in live.of("lag"))
    assert not diarizer.heard


async def test_speakers_outlive_the_connection(api: Api) -> None:
    async with stream(api, begin()) as live:
        await live.say(0, 8)
        await live.until(lambda: len(labels(live)) == 2)
        capture_id, after = live.capture_id, live.last_sequence
    async with stream(api, resume(capture_id, after)) as live:
        await live.say(8, 12)
        await live.until(lambda: labels(live))
        assert labels(live) == {2: "Speaker_1"}


async def test_another_process_begins_new_labels(
    apis: ApiFactory, addresses: dict[str, str]
) -> None:
    async with apis.run(**addresses) as first, stream(first, begin()) as live:
        await live.say(0, 8)
        await live.until(lambda: len(labels(live)) == 2)
        capture_id, after = live.capture_id, live.last_sequence
    async with apis.run(**addresses) as second, stream(second, resume(capture_id, after)) as live:
        await live.say(8, 12)
        await live.until(lambda: labels(live))
        assert labels(live) == {2: "Speaker_3"}


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED])
async def test_text_goes_on_without_a_diarizer(
    api: Api, diarizer: FakeDiarizer, code: grpc.StatusCode
) -> None:
    diarizer.refuses = code
    async with stream(api, begin()) as live:
        await live.say(0, 8)
        await live.finish(8)
        await live.ended()
        assert len(live.of("final")) == 2
        assert not live.of("speaker")
