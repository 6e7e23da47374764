"""Exports of transcripts with hostile texts, in this process and through the product."""

import csv
import io
import json
import zipfile
from random import Random
from xml.etree import ElementTree

import httpx2

from bench.fuzz import texts
from bench.fuzz.oracle import Book
from bench.fuzz.target import Target
from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions
from tests.unit.exporter.documents import document, segment

KIND = "exports"
SERVED_KIND = "served-exports"
_XML = frozenset({"eaf", "ttml", "fcpxml"})
#: Take much longer than the others.
_SLOW = frozenset({"pdf", "docx", "zip"})
_MOST_SEGMENTS = 12


def made(random: Random) -> Document:
    """Return a document of hostile texts, names, times and confidences."""
    segments = []
    time = 0.0
    for place in range(random.randint(0, _MOST_SEGMENTS)):
        length = random.choice((0.0, 0.001, 1.0, 3.5, 100_000.0))
        segments.append(
            segment(
                place,
                f"Speaker_{random.randint(1, 3)}",
                texts.text(random, most=3000),
                time,
                time + length,
                language=random.choice(("en", "ar", "", "zh")),
                confidence=random.choice((0.0, 0.5, 1.0)),
                with_words=random.random() < 0.7,
            )
        )
        time += random.choice((0.0, length, 5.0))
    names = {f"Speaker_{number}": texts.text(random, most=200) or "x" for number in (1, 2)}
    return document(
        segments,
        names=names,
        filename=texts.text(random, most=200) or "x",
        warnings=(texts.text(random, most=300),),
    )


def case(book: Book, seed: str) -> None:
    """Render one document in one format, and read it with a parser of that format."""
    random = Random(seed)
    names = sorted(FORMATS)
    name = random.choice([one for one in names if one not in _SLOW or random.random() < 0.1])
    given = made(random)
    options = [one for one in sorted(FORMATS[name].options) if random.random() < 0.5]
    try:
        content = b"".join(FORMATS[name].render(given, ExportOptions.of(options)))
        _read(name, content)
    except Exception as error:
        book.fault(KIND, seed, f"{name}: {type(error).__name__}: {error}")
    else:
        book.note(KIND, name)


def _read(name: str, content: bytes) -> None:
    """Raise if a document is not well-formed."""
    if name == "json":
        json.loads(content)
    elif name == "csv":
        list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    elif name in _XML:
        ElementTree.fromstring(content)
    elif name == "docx":
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for part in package.namelist():
                if part.endswith((".xml", ".rels")):
                    ElementTree.fromstring(package.read(part))
    elif name == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if broken := archive.testzip():
                raise ValueError(f"{broken} is damaged")
    elif name == "pdf":
        if not content.startswith(b"%PDF-"):
            raise ValueError("no PDF")
    else:
        content.decode("utf-8")


async def served_case(target: Target, book: Book, recording: bytes, seed: str) -> None:
    """Import a transcript with hostile texts, export it in one format, and delete it."""
    random = Random(seed)
    time = 0.0
    segments = []
    for _ in range(random.randint(1, _MOST_SEGMENTS)):
        end = time + random.choice((0.01, 0.2, 0.5))
        said = texts.text(random, most=3000)
        speaker = texts.text(random, most=100)
        segments.append({"start": time, "end": end, "text": said, "speaker": speaker})
        time = end
    transcript = json.dumps({"segments": segments}).encode()
    files = {
        "audio": ("call.wav", recording, "audio/wav"),
        "transcript": (texts.text(random, most=60), transcript, "application/json"),
    }
    try:
        answer = await target.http.post("/api/imports", headers=target.headers, files=files)
        book.http(
            SERVED_KIND, seed, answer.status_code, answer.headers, answer.text, sent=str(segments)
        )
        if not answer.is_success:
            return
        number = answer.json()["data"]["transcription_id"]
        answer = await target.http.get(
            f"/api/transcription/export/{number}",
            headers=target.headers,
            params={"export_format": random.choice(sorted(FORMATS))},
        )
        shown = "" if answer.is_success else answer.text
        book.http(SERVED_KIND, seed, answer.status_code, answer.headers, shown, sent=str(segments))
        await target.delete(number)
    except httpx2.HTTPError as error:
        book.fault(SERVED_KIND, seed, f"no answer: {error!r}")
