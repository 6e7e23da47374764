"""The files of the object store hold nothing readable of a recording, which is used as ever."""

import contextlib
import io
from pathlib import Path

import pytest

from devstack.stack import EmbeddedServers
from tests.e2e.contract import client as http_client
from tests.e2e.stack import Completed, Stack

pytestmark = pytest.mark.e2e

#: Where the bytes are compared: anywhere behind the header of the file.
_PLACE = 100_000


def test_nothing_of_a_recording_is_readable_in_the_store(
    stack: Stack, completed: Completed, sample: Path
) -> None:
    if not isinstance(stack.servers, EmbeddedServers):
        pytest.skip("the files of the store are in its container")
    longest = max((segment["text"] for segment in completed.state["segments"]), key=len)
    traces = {
        "sound": sample.read_bytes()[_PLACE : _PLACE + 64],
        "kind of the recording": b"WAVEfmt ",
        "kind of the copy": b"OpusHead",
        "words": longest.strip().encode(),
    }
    client = stack.servers.s3.client()
    plain = b"for comparison: " + b" ".join(traces.values())
    client.put_object("results", "comparison", io.BytesIO(plain), len(plain))
    places = _places(stack.servers.files.server("s3"), traces)
    client.remove_object("results", "comparison")
    # Each is found once, in the object for comparison.
    assert {name: len(found) for name, found in places.items()} == dict.fromkeys(traces, 1)


def test_copies_are_played_back_as_ever(stack: Stack, completed: Completed) -> None:
    with http_client(stack, completed.token) as http:
        path = f"/transcription/{completed.transcription_id}/playback"
        copy = http.get(path).content
        assert b"OpusHead" in copy
        part = http.get(path, headers={"Range": "bytes=65530-65545"})
        assert part.status_code == 206
        assert part.content == copy[65530:65546]
        assert part.headers["content-range"] == f"bytes 65530-65545/{len(copy)}"


def _places(directory: Path, traces: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the files that hold each trace, once per place."""
    found: dict[str, list[str]] = {name: [] for name in traces}
    for path in directory.rglob("*"):
        # The store replaces files of its index now and then.
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes() if path.is_file() else b""
            for name, trace in traces.items():
                found[name] += [str(path)] * content.count(trace)
    return found
