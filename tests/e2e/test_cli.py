"""The command line on the whole product, as another process."""

import importlib.metadata
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from minio import Minio

from securetranscribe import SecureTranscribeClient
from tests import clients
from tests.e2e.recordings import encoded, repeated
from tests.e2e.stack import ADMIN_TOKEN, JOB_SECONDS, Stack, eventually

pytestmark = pytest.mark.e2e

_COMMAND = (sys.executable, "-m", "securetranscribe.cli")
#: Two seconds of samples.
_PAUSE_BYTES = 64_000
#: In the live text of the clip, and the time for them.
_LEAST_WORDS, _PATIENCE_SECONDS = 3, 120.0
_VERSION = importlib.metadata.version("securetranscribe")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def variables(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """Return an environment with directories of a new user."""
    mine = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    url = {"SECURETRANSCRIBE_URL": f"{stack.base_url}/api"}
    return {**os.environ, **mine, **url}


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path) -> Run:
    """Return a function that runs a command."""

    def one(
        *arguments: str, status: int | None = 0, **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command that has to end with a status, with any for None."""
        done = subprocess.run(
            [*_COMMAND, *arguments],
            cwd=tmp_path,
            env={**variables, **more.pop("variables", {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=JOB_SECONDS,
            **more,
        )
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done

    return one


@pytest.fixture
def token(client: SecureTranscribeClient, variables: dict[str, str]) -> str:
    """Use the session of the client for all commands."""
    client.get_session()
    variables["SECURETRANSCRIBE_TOKEN"] = str(client.session_token)
    return str(client.session_token)


@pytest.fixture
def begun(variables: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a command and leaves it running."""
    processes: list[subprocess.Popen[str]] = []

    def one(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*_COMMAND, *arguments],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return process

    yield one
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_recording_is_printed(run: Run, clip: bytes, tmp_path: Path) -> None:
    (tmp_path / "meeting.wav").write_bytes(clip)
    done = run("transcribe", "meeting.wav", "--language", "en", "--speakers", "1")
    lines = done.stdout.splitlines()
    assert lines
    assert all(line.startswith("00:00:0") for line in lines)
    clients.note(
        client="securetranscribe on the command line",
        version=_VERSION,
        run="`transcribe meeting.wav` of [its page](cli.md)",
        output=done.stdout,
    )


def test_words_of_a_pipe_are_printed_live(
    token: str, variables: dict[str, str], client: SecureTranscribeClient, clip: bytes
) -> None:
    process = subprocess.Popen(
        [*_COMMAND, "live", "-", "--language", "en", "--title", "Live call", "--json"],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    live = ""
    message: dict[str, Any] = {"type": ""}
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as sound, process.stdout as lines, ExitStack() as timers:
        for seconds, end in ((_PATIENCE_SECONDS, sound.close), (JOB_SECONDS, process.kill)):
            timer = threading.Timer(seconds, end)
            timer.start()
            timers.callback(timer.cancel)
        # A pause makes words final. At the end of the sound, the last ones are waited for, but not
        # as long as a busy worker may take.
        sound.write(clip + bytes(_PAUSE_BYTES))
        sound.flush()
        for line in lines:
            message = json.loads(line)
            if message["type"] == "final":
                live = f"{live} {message['data']['text']}"
            if len(live.split()) >= _LEAST_WORDS:
                sound.close()
    assert process.wait() == 0
    assert len(live.split()) >= _LEAST_WORDS, live
    assert message["type"] == "ended"
    number = message["data"]["transcription_id"]
    finished = client.wait(number, timeout_seconds=JOB_SECONDS)
    assert finished["title"] == "Live call"
    words = {word.strip(".,?!").lower() for word in finished["full_transcript"].split()}
    assert words & {word.strip(".,?!").lower() for word in live.split()}


def test_several_recordings_in_several_formats(
    run: Run, token: str, client: SecureTranscribeClient, clip: bytes, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    (calls / "a.wav").write_bytes(clip)
    (calls / "b.wav").write_bytes(clip)
    (calls / "broken.wav").write_bytes(b"no sound at all")
    (calls / "notes.txt").write_text("no recording")
    (tmp_path / "names.txt").write_text("Kubernetes\n\nAnnemarie\n")
    done = run(
        *("transcribe", "calls", "--format", "srt,json", "--vocabulary", "names.txt"),
        *("--output", "out/{stem}-{language}.{format}", "--json"),
        status=1,
    )
    found = {Path(one["file"]).name: one for one in map(json.loads, done.stdout.splitlines())}
    assert found.keys() == {"a.wav", "b.wav", "broken.wav"}
    assert found["broken.wav"]["error"]
    assert found["a.wav"]["status"] == "completed"
    assert found["a.wav"]["outputs"] == ["out/a-en.srt", "out/a-en.json"]
    assert (tmp_path / "out/b-en.srt").read_text().startswith("1\n")
    assert json.loads((tmp_path / "out/b-en.json").read_text())
    assert {term["text"] for term in client.list_terms()["terms"]} == {"Kubernetes", "Annemarie"}
    assert {one["original_filename"] for one in client.find_transcriptions()} == {"a.wav", "b.wav"}


def test_all_formats(run: Run, clip: bytes, tmp_path: Path) -> None:
    (tmp_path / "meeting.wav").write_bytes(clip)
    run("transcribe", "meeting.wav", "--format", "all", "--output", "out/")
    written = {path.suffix.removeprefix(".") for path in (tmp_path / "out").iterdir()}
    assert {"txt", "srt", "vtt", "json", "csv", "docx", "pdf", "md", "rttm"} <= written


def test_an_interrupted_command_goes_on(
    run: Run,
    begun: Callable[..., Any],
    token: str,
    client: SecureTranscribeClient,
    sample: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "call.wav").write_bytes(repeated(sample, 4))
    command = ("transcribe", "call.wav", "--format", "txt")
    process = begun(*command)
    eventually(lambda: client.list_uploads() or client.list_transcriptions()["total"])
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not (tmp_path / "call.txt").exists()
    run(*command)
    assert (tmp_path / "call.txt").stat().st_size > 0
    # The first attempt was continued, or its transcription waited for.
    assert client.list_transcriptions()["total"] == 1
    assert not list((tmp_path / "XDG_STATE_HOME").rglob("*.json"))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".securetranscribe")]


def test_a_watched_directory(
    begun: Callable[..., Any],
    token: str,
    client: SecureTranscribeClient,
    clip: bytes,
    tmp_path: Path,
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    command = ("transcribe", "inbox", "--watch", "--settle", "1", "--format", "srt")
    process = begun(*command)
    (inbox / "a.wav").write_bytes(clip)
    (inbox / "broken.wav").write_bytes(b"no sound at all")
    eventually((inbox / "a.srt").exists)
    eventually((inbox / "failed/broken.wav.error.txt").exists)
    assert (inbox / "failed/broken.wav").read_bytes() == b"no sound at all"
    assert not (inbox / "broken.wav").exists()
    eventually(lambda: list((tmp_path / "XDG_STATE_HOME").rglob("watched/*.json")))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    again = begun(*command, "--done", "done")
    (inbox / "b.wav").write_bytes(clip)
    eventually((inbox / "done/b.wav").exists)
    time.sleep(5)
    # The first recording was finished before, and is not taken again.
    assert client.list_transcriptions()["total"] == 2
    again.send_signal(signal.SIGINT)
    assert again.wait(timeout=60) == 130
    assert (inbox / "b.srt").exists()


def test_a_watched_prefix_of_a_bucket(
    stack: Stack,
    begun: Callable[..., Any],
    token: str,
    variables: dict[str, str],
    client: SecureTranscribeClient,
    clip: bytes,
) -> None:
    settings = stack.servers.environment("transcriber")
    variables["AWS_ENDPOINT_URL"] = settings["S3_ENDPOINT"]
    variables["AWS_ACCESS_KEY_ID"] = settings["S3_ACCESS_KEY"]
    variables["AWS_SECRET_ACCESS_KEY"] = settings["S3_SECRET_KEY"]
    store = Minio(
        settings["S3_ENDPOINT"].removeprefix("http://"),
        access_key=settings["S3_ACCESS_KEY"],
        secret_key=settings["S3_SECRET_KEY"],
        secure=False,
    )
    # No WAV, since another test looks for WAV in the files of this store.
    recording = encoded(clip, container="flac", codec="flac")
    store.put_object("audio", "inbox/a.flac", io.BytesIO(recording), len(recording))
    store.put_object("audio", "inbox/broken.wav", io.BytesIO(b"no sound"), 8)
    watched = ("transcribe", "s3://audio/inbox", "--watch", "--format", "srt", "--done", "done")
    process = begun(*watched)
    wanted = {
        *("inbox/a.srt", "inbox/done/a.flac"),
        *("inbox/failed/broken.wav", "inbox/failed/broken.wav.error.txt"),
    }

    def names() -> set[str]:
        found = store.list_objects("audio", prefix="inbox/", recursive=True)
        return {str(one.object_name) for one in found}

    eventually(lambda: names() == wanted)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    (item,) = client.find_transcriptions()
    assert item["original_filename"] == "a.flac"


def test_transcriptions_are_found_and_edited(
    run: Run, token: str, client: SecureTranscribeClient, clip: bytes, tmp_path: Path
) -> None:
    (tmp_path / "meeting.wav").write_bytes(clip)
    done = json.loads(run("transcribe", "meeting.wav", "--language", "en", "--json").stdout)
    number = str(done["transcription_id"])
    assert "meeting.wav" in run("list").stdout
    assert "completed" in run("status", number).stdout
    word = done["segments"][0]["text"].split()[0].strip(".,?!")
    hits = eventually(lambda: json.loads(run("search", word, "--json").stdout))
    assert hits[0]["transcription_id"] == done["transcription_id"]
    label = done["speakers"][0]
    edited = run("edit", number, "--rename", f"{label}=Ann", "--replace", word, "Changed")
    assert "Ann" in edited.stdout
    assert "replaced: " in edited.stdout
    assert "Changed" in client.get_status(done["transcription_id"])["full_transcript"]
    run("edit", number, "--undo")
    assert "Changed" not in client.get_status(done["transcription_id"])["full_transcript"]
    assert "Ann" in run("voices", number).stdout
    assert "Ann" in run("speakers").stdout
    (job,) = json.loads(run("--json", "jobs").stdout)
    assert job["status"] == "completed"
    assert "CONFLICT" in run("jobs", "cancel", job["job_id"], status=1).stderr


def test_a_waiting_job_is_moved_and_cancelled(
    run: Run, token: str, client: SecureTranscribeClient, clip: bytes, sample: Path
) -> None:
    long = io.BytesIO(repeated(sample, 20))
    first = client.upload_audio(long, filename="long.wav", auto_start=True)
    second = client.upload_audio(io.BytesIO(clip), filename="short.wav", auto_start=True)
    eventually(lambda: client.get_job(first["job_id"])["status"] == "processing")
    assert "priority 2" in run("jobs", "priority", second["job_id"], "2").stdout
    assert client.get_job(second["job_id"])["priority"] == 2
    assert "AUTHORIZATION_ERROR" in run("jobs", "priority", second["job_id"], "9", status=1).stderr
    run("jobs", "cancel", first["job_id"], second["job_id"])
    assert {job["status"] for job in client.find_jobs()} == {"cancelled"}


def test_a_login_is_kept_for_later_commands(
    stack: Stack, run: Run, variables: dict[str, str], clip: bytes, tmp_path: Path
) -> None:
    (tmp_path / "meeting.wav").write_bytes(clip)
    del variables["SECURETRANSCRIBE_URL"]
    run("login", "--url", f"{stack.base_url}/api")
    stored = tmp_path / "XDG_CONFIG_HOME/securetranscribe/login.json"
    assert stored.stat().st_mode & 0o777 == 0o600
    run("transcribe", "meeting.wav")
    assert "meeting.wav" in run("list").stdout
    (session,) = json.loads(stored.read_text())["tokens"].values()
    run("login")
    assert "meeting.wav" in run("list").stdout
    run("logout")
    assert not stored.exists()
    assert "no login" in run("logout", "--url", f"{stack.base_url}/api", status=1).stderr
    # The session of the open mode is still there for those who have its token.
    run("login", "--url", f"{stack.base_url}/api", "--with-token", input=f"{session}\n")
    assert "meeting.wav" in run("list").stdout
    wrong = run("login", "--with-token", input="wrong\n", status=1)
    assert "AUTHENTICATION_ERROR" in wrong.stderr


def test_the_doctor(stack: Stack, run: Run) -> None:
    def findings(*arguments: str, **variables: str) -> str:
        """Return the findings, empty with a problem. On a busy machine, silence for 2 s is one."""
        done = run("doctor", *arguments, status=None, variables=variables)
        print(done.stdout)
        opened = "The WebSocket opens." in done.stdout
        return str(done.stdout) if done.returncode == 0 and opened else ""

    well = eventually(lambda: findings(ADMIN_TOKEN=ADMIN_TOKEN))
    assert "PROBLEM" not in well
    for name in ("gateway", "transcriber", "speakers", "exporter"):
        assert f"service {name}: serving" in well
    assert "workers transcribe: 1 with their models loaded" in well
    assert "GiB are free" in well
    partly = json.loads(eventually(lambda: findings("--json")))
    assert partly[-1]["state"] == "skipped"
    refused = run("doctor", variables={"ADMIN_TOKEN": "wrong"}, status=1)
    assert "Compare ADMIN_TOKEN" in refused.stdout
    away = run("doctor", "--url", "http://127.0.0.1:9/api", status=1)
    assert len(away.stdout.splitlines()) == 2
    assert "PROBLEM  address" in away.stdout
    page = run("doctor", "--url", f"{stack.base_url}/docs", status=1)
    assert "Something else answers" in page.stdout
