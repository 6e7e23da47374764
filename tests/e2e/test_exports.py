"""Every exported document contains the assigned names of the speakers."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import grpc
import httpx2
import pytest
import webvtt
from pypdf import PdfReader
from pysubs2 import SSAFile

from common.export_formats import EXTENSIONS
from securetranscribe import SecureTranscribeClient
from securetranscribe.v1 import export_pb2, export_pb2_grpc
from tests.e2e.stack import JOB_SECONDS, Stack

pytestmark = pytest.mark.e2e

DIANE, SHEILA = "Diane Émile", "Σίλα Jones"
_PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[SecureTranscribeClient]:
    with stack.client() as client:
        yield client


@pytest.fixture(scope="module")
def named(owner: SecureTranscribeClient, sample: Path) -> Mapping[str, Any]:
    """Return the status of the sample with named speakers."""
    with sample.open("rb") as file:
        number = owner.upload_audio(file, auto_start=True)["transcription_id"]
    state = owner.wait(number, poll_seconds=0.2, timeout_seconds=JOB_SECONDS)
    owner.assign_speakers(number, dict(zip(state["speakers"], (SHEILA, DIANE), strict=True)))
    named: Mapping[str, Any] = owner.get_status(number)
    assert set(named["speakers"]) == {SHEILA, DIANE}
    return named


def _csv(data: bytes) -> str:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    return " ".join(cell for row in rows for cell in row)


def _srt(data: bytes) -> str:
    cues = SSAFile.from_string(data.decode("utf-8-sig"), format_="srt")
    return " ".join(cue.plaintext for cue in cues)


def _vtt(data: bytes) -> str:
    cues = webvtt.from_buffer(io.StringIO(data.decode()))
    return " ".join(f"{cue.voice}: {cue.text}" for cue in cues.captions)


def _docx(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return " ".join([paragraph.text for paragraph in document.paragraphs] + cells)


def _pdf(data: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _json(data: bytes) -> str:
    return json.dumps(json.loads(data), ensure_ascii=False)


def _xml(data: bytes) -> str:
    elements = list(ElementTree.fromstring(data).iter())
    return " ".join([*_texts(elements), *(v for one in elements for v in one.attrib.values())])


def _texts(elements: list[ElementTree.Element]) -> Iterator[str]:
    for element in elements:
        yield from filter(None, (element.text, element.tail))


#: Independent readers for the text of each format.
READERS: Mapping[str, Callable[[bytes], str]] = {
    "pdf": _pdf,
    "csv": _csv,
    "txt": bytes.decode,
    "json": _json,
    "srt": _srt,
    "vtt": _vtt,
    "docx": _docx,
    "md": bytes.decode,
    "textgrid": bytes.decode,
    "eaf": _xml,
    "ttml": _xml,
    "fcpxml": _xml,
    "stm": bytes.decode,
    "edl": bytes.decode,
    "maxqda": bytes.decode,
    "atlasti": bytes.decode,
    "nvivo": bytes.decode,
}


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()


@pytest.mark.parametrize("format_name", READERS)
def test_names_and_words_are_in_every_document(
    owner: SecureTranscribeClient, named: Mapping[str, Any], format_name: str
) -> None:
    data = owner.export_transcription(named["transcription_id"], format_name)
    text = READERS[format_name](data)
    found = _words(text)
    for name in (SHEILA, DIANE):
        assert set(_words(name)) <= set(found), name
    # For programs, JSON contains the label of a voice as well as its name.
    assert ("Speaker_1" in text) is (format_name == "json")
    spoken = _words(named["full_transcript"])
    assert len(spoken) > 70
    assert set(spoken) <= set(found)


def test_rttm_turns_have_the_names_of_speakers(
    owner: SecureTranscribeClient, named: Mapping[str, Any]
) -> None:
    lines = owner.export_transcription(named["transcription_id"], "rttm").decode().splitlines()
    turns = [line.split() for line in lines if line.startswith("SPEAKER")]
    assert len(turns) >= 4
    assert len({turn[7] for turn in turns}) == 2
    assert not any(turn[7].startswith("Speaker_") for turn in turns)
    assert all(len(turn) == 10 for turn in turns)


def test_archive_contains_all_other_formats(
    owner: SecureTranscribeClient, named: Mapping[str, Any]
) -> None:
    data = owner.export_transcription(named["transcription_id"], "zip", ["meeting_summary"])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        suffixes = {name.partition("-transcript.")[2] for name in archive.namelist()}
        assert suffixes == {EXTENSIONS[name] for name in EXTENSIONS if name != "zip"}
        (page,) = [name for name in archive.namelist() if name.endswith("-transcript.txt")]
        assert DIANE in archive.read(page).decode()


def test_a_template_lays_out_the_text(
    stack: Stack, owner: SecureTranscribeClient, named: Mapping[str, Any]
) -> None:
    address = f"{stack.base_url}/api/transcription/export/{named['transcription_id']}"
    headers = {"authorization": f"Bearer {owner.session_token}"}
    template = "{% for person in speakers|sort(attribute='name') %}<{{ person.name }}>{% endfor %}"
    body = {"export_format": "txt", "template": template}
    # The first template starts a process for templates, which may take longer than a second.
    with httpx2.Client(headers=headers, timeout=_PATIENCE_SECONDS) as http:
        answer = http.post(address, json=body)
        refused = http.post(address, json=body | {"template": "{{ nobody }}"})
    assert answer.text == f"<{DIANE}><{SHEILA}>"
    assert refused.status_code == 400
    assert "Line 1: 'nobody' is undefined" in refused.text


def test_native_clients_receive_the_document_as_a_stream(
    stack: Stack, owner: SecureTranscribeClient, named: Mapping[str, Any]
) -> None:
    request = export_pb2.ExportTranscriptionRequest(
        transcription_id=named["transcription_id"], format=export_pb2.EXPORT_FORMAT_TXT
    )
    metadata = (("authorization", f"Bearer {owner.session_token}"),)
    with grpc.insecure_channel(stack.services.address("exporter")) as channel:
        stub = export_pb2_grpc.ExportServiceStub(channel)
        seconds = _PATIENCE_SECONDS
        pieces = list(stub.ExportTranscription(request, metadata=metadata, timeout=seconds))
        assert pieces[0].content_type.startswith("text/plain")
        text = b"".join(piece.data for piece in pieces).decode()
        with stack.client() as stranger:
            stranger.get_session()
            foreign = (("authorization", f"Bearer {stranger.session_token}"),)
        with pytest.raises(grpc.RpcError) as refused:
            list(stub.ExportTranscription(request, metadata=foreign, timeout=seconds))
    assert DIANE in text
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
