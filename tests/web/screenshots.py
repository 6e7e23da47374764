"""Pictures of every page, written by `make screenshots`. Tests do not collect this file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from securetranscribe import SecureTranscribeClient
from tests.e2e.owners import asked
from tests.e2e.recordings import excerpt
from tests.e2e.stack import JOB_SECONDS, Stack
from tests.web.visitors import PHONE, Visitors

DIRECTORY = Path("build/screenshots")
#: Pictures of the documentation, by page and look.
PUBLISHED = Path("docs/pictures")
PICTURES = {
    ("library", "light"),
    ("transcript", "light"),
    ("transcript", "dark"),
    ("transcript", "arabic"),
}
_PUBLISHED_WIDTH = 1000
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
    "arabic": {"locale": "ar"},
}
NAMES = ("Amira Haddad", "Jonas Weber")
#: Titles of parts of the sample: from, seconds, and a tag.
PARTS = {
    "Interview with the supplier": (0, 14, "Clients"),
    "Questions about the delivery": (14, 14, "Clients"),
}


@dataclass(frozen=True, kw_only=True)
class Furnished:
    """A session with named recordings."""

    token: str
    number: int


@pytest.fixture(scope="module")
def furnished(stack: Stack, sample: Path) -> Iterator[Furnished]:
    """Transcribe recordings, and give them titles, tags, a folder and names."""
    with stack.client() as client:
        folder = asked(client, "POST", "/folders", json={"name": "Purchasing"})["folder_id"]
        tags = {
            name: asked(client, "POST", "/tags", json={"name": name, "color": color})["tag_id"]
            for name, color in (("Clients", "#2f6fde"), ("Planning", "#15803d"))
        }
        for title, (start, seconds, tag) in PARTS.items():
            part = BytesIO(excerpt(sample, start=start, seconds=seconds))
            number = _transcribe(client, part, f"{title}.wav")
            properties = {"title": title, "folder_id": folder, "tag_ids": [tags[tag]]}
            asked(client, "PUT", f"/transcription/{number}", json=properties)
        number = _transcribe(client, BytesIO(sample.read_bytes()), "call.wav")
        properties = {"title": "Where we are from", "favorite": True, "tag_ids": [tags["Planning"]]}
        asked(client, "PUT", f"/transcription/{number}", json=properties)
        voices = client.list_voices(number)
        names = {voice["speaker_label"]: name for voice, name in zip(voices, NAMES, strict=False)}
        client.assign_speakers(number, names)
        _correct(client, number)
        assert client.session_token is not None
        yield Furnished(token=client.session_token, number=number)


def _transcribe(client: SecureTranscribeClient, file: BytesIO, name: str) -> int:
    number: int = client.upload_audio(file, filename=name, auto_start=True)["transcription_id"]
    state = client.wait(number, poll_seconds=1, timeout_seconds=JOB_SECONDS)
    assert state["status"] == "completed", state
    return number


def _correct(client: SecureTranscribeClient, number: int) -> None:
    """Correct a sentence, as people do, so that the pictures show how edited words look."""
    read = client.read_transcript(number)
    words = read["segments"][2]["words"]
    operation = {"type": "replace_words", "first": words[0]["id"], "last": words[-1]["id"]}
    operation["text"] = "I need the design."
    client.edit_transcript(number, [operation], revision=read["revision"])


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_of_all_pages(visitors: Visitors, furnished: Furnished, look: str) -> None:
    page = visitors.page(token=furnished.token, **LOOKS[look])
    addresses = {
        "library": "/",
        "search": "/?q=Chicago",
        "transcript": f"/t/{furnished.number}",
        "record": "/record",
        "people": "/people",
        "vocabulary": "/vocabulary",
        "queue": "/queue",
        "system": "/system",
        "session": "/session",
    }
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, address in addresses.items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\S"))
        page.wait_for_load_state("networkidle")
        path = DIRECTORY / f"{name}-{look}.png"
        page.screenshot(path=path, animations="disabled")
        assert path.stat().st_size > 0
        if (name, look) in PICTURES:
            _publish(path)


def _publish(path: Path) -> None:
    """Write a smaller picture for the documentation."""
    PUBLISHED.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as picture:
        height = round(picture.height * _PUBLISHED_WIDTH / picture.width)
        small = picture.convert("RGB").resize((_PUBLISHED_WIDTH, height), Image.Resampling.LANCZOS)
        small.save(PUBLISHED / f"{path.stem}.webp", quality=85, method=6)
