"""Speakers are remembered across recordings, and corrected mistakes are forgotten."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from common.audio.decoding import decode
from common.audio.resampling import SAMPLE_RATE
from securetranscribe import ApiError, SecureTranscribeClient
from tests.e2e.interfaces import GrpcInterface, Interface, RestInterface
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.e2e.voices import Voices

# All learned data of profiles.
_KNOWN = """
SELECT p.name, p.sample_count, p.speech_seconds, p.confidence, t.model_id, t.place::text AS place,
       (SELECT array_agg((o.transcription_id, o.speaker_label, o.digest)::text ORDER BY 1)
        FROM observations o WHERE o.profile_id = p.profile_id) AS ledger
FROM profiles p LEFT JOIN prototypes t USING (profile_id) ORDER BY p.name, t.model_id
"""
_LEFT = """
SELECT (SELECT count(*) FROM observations WHERE profile_id = %(id)s)
     + (SELECT count(*) FROM prototypes WHERE profile_id = %(id)s)
     + (SELECT count(*) FROM profiles WHERE profile_id = %(id)s)
"""
# Events reach the transcriber with a delay.
_SOON_SECONDS = 180.0


@pytest.fixture
def voices(sample: Path) -> Voices:
    return Voices(sample)


@pytest.fixture
def known(stack: Stack) -> Iterator[Callable[[], list[tuple[Any, ...]]]]:
    """Return a function that reads the learned data of profiles from the database."""
    with psycopg.connect(stack.servers.postgres.url("speakers"), autocommit=True) as connection:
        yield lambda: connection.execute(_KNOWN).fetchall()


@pytest.fixture(params=[RestInterface, GrpcInterface], ids=["rest", "grpc"])
def interface(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Interface]:
    """Return a session without profiles of earlier tests."""
    stack.forget_voices()
    one = request.param(stack)
    yield one
    one.close()


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SOON_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def named(interface: Interface, transcription_id: int) -> list[tuple[str, str]]:
    return [(voice.name, voice.source) for voice in interface.voices(transcription_id)]


def test_speakers_are_remembered_and_forgotten(
    interface: Interface, voices: Voices, known: Callable[[], list[tuple[Any, ...]]]
) -> None:
    first = interface.transcribe(voices.first())
    assert named(interface, first) == [("Speaker_1", "none"), ("Speaker_2", "none")]
    interface.assign(first, {"Speaker_1": "Ann", "Speaker_2": "Bob"})
    assert named(interface, first) == [("Ann", "confirmed"), ("Bob", "confirmed")]
    assert interface.shown(first) == ["Ann", "Bob"]
    profiles = interface.profiles()
    assert sorted(profiles) == ["Ann", "Bob"]
    learned = known()

    # The same two are recognized. The third is unknown instead of the closest profile.
    second = interface.transcribe(voices.second())
    # Names follow later if the speakers service does not answer within five seconds.
    soon(lambda: interface.voices(second)[0].source == "suggested")
    ann, bob, third = interface.voices(second)
    assert (ann.name, ann.source, ann.speaker_id) == ("Ann", "suggested", profiles["Ann"])
    assert (bob.name, bob.source, bob.speaker_id) == ("Bob", "suggested", profiles["Bob"])
    assert min(ann.confidence, bob.confidence) > 0.8
    assert (third.name, third.source, third.speaker_id) == ("Speaker_3", "none", 0)
    assert interface.shown(second) == ["Ann", "Bob", "Speaker_3"]
    # Recognition alone teaches nothing.
    assert interface.ledger(profiles["Ann"]) == [(first, "Speaker_1")]

    # Names swapped by mistake and corrected leave no trace.
    interface.assign(second, {"Ann": "Ann", "Bob": "Bob"})
    right = known()
    assert [row[:2] for row in right] == [("Ann", 2), ("Bob", 2)]
    interface.assign(second, {"Ann": "Bob", "Bob": "Ann"})
    assert [name for name, _ in named(interface, second)] == ["Bob", "Ann", "Speaker_3"]
    assert known() != right
    interface.assign(second, {"Ann": "Bob", "Bob": "Ann"})
    assert named(interface, second)[:2] == [("Ann", "confirmed"), ("Bob", "confirmed")]
    assert known() == right
    assert interface.ledger(profiles["Bob"]) == [(first, "Speaker_2"), (second, "Speaker_2")]

    # Deleting a transcription deletes what was learned from it.
    interface.delete(second)
    soon(lambda: known() == learned)

    # Without the names, nothing learned is left, and the same voices are unknown.
    interface.assign(first, {"Ann": "Speaker_1", "Bob": "Speaker_2"})
    assert interface.profiles() == {}
    assert known() == []
    third_recording = interface.transcribe(voices.third())
    assert named(interface, third_recording) == [("Speaker_1", "none"), ("Speaker_2", "none")]


def test_enrolled_profile_can_be_deleted_permanently(stack: Stack, voices: Voices) -> None:
    with stack.client() as client:
        stack.forget_voices()
        made = client.create_speaker("Bob", description="Enrolled")
        taught = client.enroll_speaker(made["id"], io.BytesIO(voices.only_bob()), filename="b.wav")
        assert taught["speaker"]["has_voice_data"]
        assert taught["observation"]["decided_by"] == "enrollment"
        assert _seconds(client.get_speaker_clip(made["id"])) > 2

        number = client.upload_audio(
            io.BytesIO(voices.first()), filename="talk.wav", auto_start=True
        )["transcription_id"]
        state = client.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
        assert state["status"] == "completed", state["error"]
        soon(lambda: client.list_voices(number)[1]["name_source"] == "suggested")
        other, bob = client.list_voices(number)
        assert (other["name_source"], bob["name_source"]) == ("none", "suggested")
        assert (bob["name"], bob["confidence_level"]) == ("Bob", "high")
        assert _seconds(client.get_voice_clip(number, "Speaker_1")) > 2

        client.delete_speaker(made["id"], permanent=True)
        with psycopg.connect(stack.servers.postgres.url("speakers")) as connection:
            left = connection.execute(_LEFT, {"id": made["id"]}).fetchone()
        assert left == (0,)
        with pytest.raises(ApiError) as caught:
            client.get_speaker_clip(made["id"])
        assert caught.value.status == 404
        soon(lambda: client.list_voices(number)[1]["name"] == "Speaker_2")

        # Both can be undone, with the names in transcripts.
        _undo(client, made["id"])
        assert _seconds(client.get_speaker_clip(made["id"])) > 2
        soon(lambda: _linked(client, number) == ("Bob", "suggested", made["id"]))
        robert = client.create_speaker("Robert")
        client.merge_speakers(robert["id"], made["id"])
        soon(lambda: _linked(client, number) == ("Robert", "suggested", robert["id"]))
        _undo(client, made["id"])
        soon(lambda: _linked(client, number) == ("Bob", "suggested", made["id"]))


def _undo(client: SecureTranscribeClient, speaker_id: int) -> None:
    """Restore a profile that was deleted or merged."""
    [entry] = [one for one in client.list_trashed_speakers() if one["speaker_id"] == speaker_id]
    assert client.restore_speaker(entry["id"])["id"] == speaker_id


def _linked(client: SecureTranscribeClient, number: int) -> tuple[str, str, int | None]:
    """Return name, source and profile of the second voice of a transcription."""
    voice = client.list_voices(number)[1]
    return voice["name"], voice["name_source"], voice["speaker_id"]


def _seconds(clip: bytes) -> float:
    return sum(len(block) for block in decode(io.BytesIO(clip))) / SAMPLE_RATE
