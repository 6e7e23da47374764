"""Voices that come with a call."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, cast

import pytest
from google.api import httpbody_pb2

from common import times
from common.errors import (
    AudioProcessingError,
    NotFoundError,
    SpeakerError,
    UnavailableError,
    ValidationError,
)
from gateway.backends import Backends
from gateway.openai import known_speakers
from gateway.openai.known_speakers import KnownSpeaker, KnownVoice, KnownVoices
from gateway.sessions.session import Session
from securetranscribe.v1 import diarization_pb2, speaker_pb2

CALLER = cast(Session, None)


def url(content: bytes = b"RIFF", kind: str = "audio/wav") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def refused(names: Sequence[str], references: Sequence[str]) -> str | None:
    with pytest.raises(ValidationError) as caught:
        known_speakers.read(names, references)
    return caught.value.details["field"]


class TestForms:
    """Names and references as forms carry them."""

    def test_pairs(self) -> None:
        found = known_speakers.read(["agent", "customer"], [url(b"one"), url(b"two", "")])
        assert [(one.name, one.clip) for one in found] == [("agent", b"one"), ("customer", b"two")]
        assert known_speakers.read([], []) == ()

    def test_media_type_with_parameters(self) -> None:
        (found,) = known_speakers.read(["agent"], [url(kind="audio/ogg;codecs=opus")])
        assert found.clip == b"RIFF"

    @pytest.mark.parametrize(
        "reference",
        [
            "https://example.org/voice.wav",
            "data:audio/wav,RIFF",
            "data:audio/wav;base64",
            "data:audio/wav;base64,",
            "data:audio/wav;base64,RIF%",
            "data:audio/wav;base64,ä===",
            "UklGRg==",
        ],
    )
    def test_references_are_data_urls(self, reference: str) -> None:
        assert refused(["agent"], [reference]) == "known_speaker_references"

    def test_names_and_references_correspond(self) -> None:
        assert refused(["agent", "customer"], [url()]) == "known_speaker_references"
        assert refused([], [url()]) == "known_speaker_references"

    def test_at_most_four(self) -> None:
        names = [f"person {number}" for number in range(5)]
        assert refused(names, [url()] * 5) == "known_speaker_names"
        assert refused(names[:4], [url()] * 5) == "known_speaker_references"

    def test_names_differ_and_are_short(self) -> None:
        assert refused(["agent", "agent"], [url(), url()]) == "known_speaker_names"
        assert refused(["a" * 256], [url()]) == "known_speaker_names"


class Services:
    """Voices by clip. A clip of `b"3.5"` has that many seconds."""

    def __init__(self, **clips: bytes) -> None:
        self.speakers = self.transcriptions = self
        self.EmbedClip, self.GetSpeakerClip, self.MatchVoices = "embed", "clip", "match"
        self._clips = clips
        self.failures: list[Exception] = []
        self.matched: speaker_pb2.MatchVoicesRequest | None = None

    async def ask(self, method: str, request: Any, caller: Any, **_: Any) -> Any:
        if method == "clip":
            if request.speaker_label not in self._clips:
                raise NotFoundError("There is no clip of this speaker.")
            return httpbody_pb2.HttpBody(data=self._clips[request.speaker_label])
        if method == "embed":
            if self.failures:
                raise self.failures.pop(0)
            seconds = times.duration(float(request.content))
            voiceprint = diarization_pb2.Voiceprint(model="m", speech_duration=seconds)
            return speaker_pb2.EmbedClipResponse(voiceprint=voiceprint, duration=seconds)
        self.matched = request
        # The last voice is that of the first reference.
        return speaker_pb2.MatchVoicesResponse(
            matches=[
                speaker_pb2.ReferenceMatch(speaker_label=voice.speaker_label, reference=number)
                for number, voice in enumerate(reversed(request.voices), 1)
                if number <= len(request.references)
            ]
        )


def voices(services: Services) -> KnownVoices:
    return KnownVoices(cast(Backends, services))


def speaker(clip: bytes) -> KnownSpeaker:
    return KnownSpeaker(name="agent", clip=clip)


class TestReferences:
    """Voices of references."""

    async def test_learned(self) -> None:
        found = await voices(Services()).learn([speaker(b"2"), speaker(b"10.05")], CALLER)
        assert [times.seconds(one.voiceprint.speech_duration) for one in found] == [2.0, 10.05]

    @pytest.mark.parametrize("clip", [b"1.9", b"10.5"])
    async def test_length(self, clip: bytes) -> None:
        with pytest.raises(ValidationError, match=r"Member 2 of .* instead of 2 to 10") as caught:
            await voices(Services()).learn([speaker(b"3"), speaker(clip)], CALLER)
        assert caught.value.details == {"field": "known_speaker_references"}

    @pytest.mark.parametrize(
        "error",
        [
            AudioProcessingError("This is no audio."),
            SpeakerError("Voices are not compared on this system."),
            ValidationError.of("content", "A clip must not exceed 16MB."),
        ],
    )
    async def test_unusable(self, error: Exception) -> None:
        services = Services()
        services.failures = [error]
        with pytest.raises(ValidationError, match=str(error)) as caught:
            await voices(services).learn([speaker(b"3")], CALLER)
        assert caught.value.details == {"field": "known_speaker_references"}

    async def test_outage_is_no_fault_of_the_reference(self) -> None:
        services = Services()
        services.failures = [UnavailableError("Nobody is there.")]
        with pytest.raises(UnavailableError):
            await voices(services).learn([speaker(b"3")], CALLER)


class TestNames:
    """Names of the speakers of a recording."""

    KNOWN = (
        KnownVoice(name="agent", voiceprint=diarization_pb2.Voiceprint(model="m")),
        KnownVoice(name="customer", voiceprint=diarization_pb2.Voiceprint(model="m")),
    )

    async def names(self, services: Services, *labels: str) -> dict[str, str]:
        return dict(await voices(services).names(self.KNOWN, labels, 7, CALLER))

    async def test_matches(self) -> None:
        services = Services(one=b"4", two=b"5", three=b"6")
        found = await self.names(services, "one", "two", "three")
        assert found == {"three": "agent", "two": "customer"}

    async def test_speakers_without_a_voice(self) -> None:
        services = Services(two=b"5", three=b"6")
        services.failures = [AudioProcessingError("There is too little speech.")]
        assert await self.names(services, "one", "two", "three") == {"three": "agent"}
        assert services.matched is not None
        assert [voice.speaker_label for voice in services.matched.voices] == ["three"]

    async def test_nobody_to_compare(self) -> None:
        services = Services()
        assert await self.names(services, "one") == {}
        assert services.matched is None

    async def test_busy_services_are_asked_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(known_speakers, "_AGAIN_SECONDS", 0.0)
        services = Services(one=b"4")
        services.failures = [UnavailableError("Not yet.")] * 4
        assert await self.names(services, "one") == {"one": "agent"}
        services.failures = [UnavailableError("Not yet.")] * 5
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(self.names(services, "one"), timeout=60)
