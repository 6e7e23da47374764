"""`docs/asyncapi.json` is up to date, and follows the schema of AsyncAPI."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from common import bus, events
from gateway.live import models
from scripts import asyncapi
from securetranscribe.v1 import event_pb2
from tests import asyncapi_messages, sdk_js


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncapi.DOCUMENT.read_text(encoding="utf-8"))
    return found


def test_document_is_up_to_date() -> None:
    assert asyncapi.DOCUMENT.read_text(encoding="utf-8") == asyncapi.text(), (
        "python -m scripts.asyncapi --write"
    )


def test_document_follows_the_official_schema(document: dict[str, Any], tmp_path: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(sdk_js.ROOT / "tests/asyncapi" / name, tmp_path)
    sdk_js.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=tmp_path)
    schemas = tmp_path / "node_modules/@asyncapi/specs/schemas"
    schema = json.loads((schemas / f"{document['asyncapi']}.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(document)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [one for value in part.values() for one in references(value)]
        return [one for value in part for one in references(value)] if type(part) is list else []

    for reference in references(document):
        found: Any = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


def test_every_event_has_a_channel(document: dict[str, Any]) -> None:
    kinds = [field.name for field in event_pb2.Event.DESCRIPTOR.oneofs_by_name["data"].fields]
    assert list(document["channels"]) == ["websocket", "live", "followers", *kinds]
    for kind in kinds:
        event = event_pb2.Event(workspace_id="w", session_id="s")
        getattr(event, kind).SetInParent()
        channel = document["channels"][kind]
        ready = events.envelope(event, source="transcriber")
        verb = ready.subject.rpartition(".")[2]
        assert channel["address"].rpartition(".")[2] == verb
        assert ("a week" in channel["description"]) == (verb in bus.KEPT_VERBS)
        headers = document["components"]["messages"][kind]["headers"]["properties"]
        assert set(ready.headers) <= set(headers)
        assert headers["ce-type"]["const"] == ready.headers["ce-type"]


def test_every_message_of_the_socket_is_there(document: dict[str, Any]) -> None:
    sent = models.schemas()["LiveMessage"]["discriminator"]["mapping"]
    messages = document["channels"]["websocket"]["messages"]
    assert set(messages) == {f"websocket_{one}" for one in (*sent, "ping", "watch", "unwatch")}
    # Events in NATS have the same names, and must not take their places.
    assert asyncapi_messages.types("websocket", "send") == set(sent)


def test_comments_of_the_contracts_are_descriptions(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["JobCompleted"]["properties"]["confidence"] == {
        "type": "number",
        "description": "Confidence of the transcript, 0 to 1.",
    }
    assert schemas["JobCompleted"]["properties"]["transcription_id"]["format"] == "int64"
    assert schemas["JobCompleted"]["properties"]["complete_time"]["format"] == "date-time"
