"""Separate channels of a recording: from the upload to named speakers with clips."""

import io
from typing import Any

import numpy as np
import pytest

from common.audio.decoding import read_window
from common.audio.resampling import SAMPLE_RATE
from common.postgres import Database
from securetranscribe.v1 import diarization_pb2, queue_pb2, speech_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import (
    Peers,
    WorkerFactory,
    diarization,
    recognition,
    until,
)
from tests.unit.common.audio import films

SEPARATE = transcription_pb2.CHANNEL_MODE_SEPARATE
MIX = transcription_pb2.CHANNEL_MODE_MIX
SUGGESTED = transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED
CONFIRMED = transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED
#: Tones of the two tracks, in Hz.
TONES = (440, 1_000)


def two_tracks(*titles: str) -> bytes:
    """Return six seconds of two tracks with titles, each with its tone."""
    times = np.arange(6 * films.RATE) / films.RATE
    return films.container(
        [
            films.TrackOf(
                samples=(0.3 * np.sin(2 * np.pi * tone * times)).astype(np.float32)[None],
                codec="flac",
                metadata={"title": title} if title else {},
            )
            for tone, title in zip(TONES, titles, strict=True)
        ]
    )


def both_speak() -> tuple[speech_pb2.Recognition, diarization_pb2.Diarization]:
    """Return stage results of a person per signal. They speak at once."""
    words = recognition((0.5, "We have to go now."), (0.7, "No, I stay here."))
    turns = diarization(("Speaker_1", 0.0, 4.0), ("Speaker_2", 0.5, 5.0))
    for signal in (0, 1):
        words.segments[signal].signal_index = signal
        turns.speakers[signal].signal_index = signal
    return words, turns


async def complete(caller: Caller, workers: WorkerFactory, *titles: str, **config: Any) -> Any:
    """Return the completed transcription of two tracks."""
    words, turns = both_speak()
    async with workers.both(words, turns):
        number = await caller.upload_id(
            two_tracks(*titles), filename="call.mkv", auto_start=True, **config
        )
        return await caller.ended(number)


async def test_sentences_said_at_once_stay_whole(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    found = await complete(caller, worker_factory, "", "", channels=SEPARATE)
    assert [(item.channel, item.speaker_label, item.text) for item in found.segments] == [
        (1, "Speaker_1", "We have to go now."),
        (2, "Speaker_2", "No, I stay here."),
    ]
    assert [speaker.channel for speaker in found.speakers] == [1, 2]
    assert [len(task.signals) for task in worker_factory.done] == [2, 2]


async def test_numbers_of_speakers_reach_the_diarizer_and_are_shown(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    asked = diarization_pb2.DiarizationConfig(min_speaker_count=2, max_speaker_count=3)
    found = await complete(caller, worker_factory, "", "", channels=SEPARATE, diarization=asked)
    assert found.diarization_requested == asked
    (config,) = [task.diarize.config for task in worker_factory.done if task.HasField("diarize")]
    assert config == asked


async def test_titles_of_tracks_are_suggested_names(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    found = await complete(caller, worker_factory, "Ada Lovelace", "Bob", channels=SEPARATE)
    assert [
        (item.name, item.name_source, item.speaker_id, item.channel) for item in found.speakers
    ] == [("Ada Lovelace", SUGGESTED, 0, 1), ("Bob", SUGGESTED, 0, 2)]


async def test_known_voice_and_person_win_over_titles(
    caller: Caller, worker_factory: WorkerFactory, peers: Peers
) -> None:
    peers.speakers.known = {0: (7, "Countess")}
    found = await complete(caller, worker_factory, "Ada", "Bob", channels=SEPARATE)
    assert [(item.name, item.speaker_id) for item in found.speakers] == [
        ("Countess", 7),
        ("Bob", 0),
    ]
    await caller.assign(found.transcription_id, {"Speaker_2": "Robert"})
    named = await caller.get(found.transcription_id)
    assert [(item.name, item.name_source) for item in named.speakers] == [
        ("Countess", SUGGESTED),
        ("Robert", CONFIRMED),
    ]


async def test_clips_are_cut_from_the_speaker_s_channel(
    caller: Caller, worker_factory: WorkerFactory, database: Database
) -> None:
    found = await complete(caller, worker_factory, "", "", channels=SEPARATE)

    async def cut() -> bool:
        rows = await database.fetch_all("SELECT clips_due_at FROM transcriptions")
        return rows[0]["clips_due_at"] is None

    await until(cut)
    for speaker, tone in zip(found.speakers, TONES, strict=True):
        request = transcription_pb2.GetSpeakerClipRequest(
            transcription_id=found.transcription_id, speaker_label=speaker.speaker_label
        )
        clip = await caller.transcriptions.GetSpeakerClip(request, metadata=caller.metadata)
        sound = read_window(io.BytesIO(clip.data), 0.0, 2.0)
        loudest = np.argmax(np.abs(np.fft.rfft(sound))) * SAMPLE_RATE / len(sound)
        assert loudest == pytest.approx(tone, abs=2.0)


async def test_names_are_kept_within_channels_when_processed_again(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    found = await complete(caller, worker_factory, "", "", channels=SEPARATE)
    await caller.assign(found.transcription_id, {"Speaker_1": "Ada", "Speaker_2": "Bob"})
    words, turns = both_speak()
    # The second time, the person on the second channel is heard first, at the same time as Ada.
    words.segments[1].words[0].start.FromMilliseconds(100)
    words.segments[1].start.FromMilliseconds(100)
    async with worker_factory.both(words, turns):
        stages = [queue_pb2.STAGE_TRANSCRIBE, queue_pb2.STAGE_DIARIZE]
        await caller.start(found.transcription_id, stages=stages)
        again = await caller.ended(found.transcription_id)
    assert [(item.name, item.channel) for item in again.speakers] == [("Bob", 2), ("Ada", 1)]


async def test_mix_has_no_channels(caller: Caller, worker_factory: WorkerFactory) -> None:
    words, turns = recognition((0.5, "All in one.")), diarization(("Speaker_1", 0.0, 4.0))
    async with worker_factory.both(words, turns):
        number = await caller.upload_id(
            two_tracks("Ada", "Bob"), filename="call.mkv", auto_start=True, channels=MIX
        )
        found = await caller.ended(number)
    assert [item.channel for item in found.segments] == [0]
    assert [(item.name, item.channel) for item in found.speakers] == [("Speaker_1", 0)]
    assert [len(task.signals) for task in worker_factory.done] == [1, 1]
