"""Operations and methods with ids, read from the OpenAPI document and the contracts.

Tests that use this module cover later additions too: an unknown name of an id fails them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from google.protobuf.descriptor import Descriptor, MethodDescriptor

#: Name what one session owns.
OWNED = frozenset(
    {
        "transcription_id",
        "job_id",
        "term_id",
        "correction_id",
        "tag_id",
        "folder_id",
        "upload_id",
        "capture_id",
    }
)
#: Shared by all sessions of a deployment: profiles of speakers and their observations.
SHARED = frozenset(
    {"speaker_id", "source_speaker_id", "observation_id", "observation_ids", "trash_id"}
)
#: Parts of a transcription, which are found only within it.
PARTS = frozenset(
    {
        "word_id",
        "first_word_id",
        "last_word_id",
        "after_word_id",
        "segment_id",
        "first_segment_id",
        "second_segment_id",
        "note_id",
        "conflict_id",
        "share_id",
        "link_id",
    }
)
#: Lists of owned things, and places of new ones. They have tests of their own.
LISTS = frozenset({"transcription_ids", "tag_ids", "parent_id"})
#: The caller's own key of a request, or of a summary of the caller's own edits.
_OWN_WORDS = frozenset({"request_id", "replacement_id", "suggestion_id"})
#: Named only by services, in methods that sessions may not call.
_INTERNAL = frozenset({"workspace_id", "speaker_ids"})
#: Select entries of the audit log of the caller's own workspace.
_FILTERS = frozenset({"user_id", "session_id", "target_id"})
#: Of accounts and webhooks, which have rows in the matrix of rights.
_IN_MATRIX = frozenset({"token_id", "webhook_id", "delivery_id"})
_CONTRACTS = (
    "session",
    "identity",
    "audit",
    "transcription",
    "transcript",
    "reprocessing",
    "imports",
    "turns",
    "playback",
    "vocabulary",
    "library",
    "upload",
    "capture",
    "live",
    "queue",
    "search",
    "sharing",
    "embedding",
    "speech",
    "diarization",
    "speaker",
    "export",
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the JSON API and the names of its ids."""

    method: str
    path: str
    ids: frozenset[str]

    @property
    def owned(self) -> frozenset[str]:
        """Return the ids of resources owned by a session."""
        return self.ids & OWNED


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return all operations of an OpenAPI document below `/api`."""
    return [
        Operation(method=method.upper(), path=path, ids=_ids(document, operation))
        for path, methods in document["paths"].items()
        if path.startswith("/api")
        for method, operation in methods.items()
    ]


def methods() -> list[MethodDescriptor]:
    """Return all methods of all services in the contracts."""
    return [
        method for name in _CONTRACTS for service in _services(name) for method in service.methods
    ]


def id_fields(message: Descriptor) -> dict[str, frozenset[str]]:
    """Return the ids in a message, by the path of the nested message (empty: itself)."""
    return {
        path: names
        for path, part in _parts(message, "", frozenset())
        if (names := _classified(field.name for field in part.fields))
    }


def takes(method: MethodDescriptor) -> frozenset[str]:
    """Return the names of all ids in the requests of a method."""
    found: frozenset[str] = frozenset()
    return found.union(*id_fields(method.input_type).values())


def _services(name: str) -> list[Any]:
    module = import_module(f"securetranscribe.v1.{name}_pb2")
    return list(module.DESCRIPTOR.services_by_name.values())


def _parts(
    message: Descriptor, path: str, above: frozenset[str]
) -> Iterator[tuple[str, Descriptor]]:
    yield path, message
    for field in message.fields:
        part = field.message_type
        if part is not None and part.full_name not in above:
            yield from _parts(part, f"{path}.{field.name}", above | {message.full_name})


def _ids(document: Mapping[str, Any], operation: Mapping[str, Any]) -> frozenset[str]:
    names = [parameter["name"] for parameter in operation.get("parameters", ())]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        names.extend(_properties(document, content.get("schema", {}), frozenset()))
    return _classified(names)


def _properties(document: Mapping[str, Any], schema: Any, above: frozenset[str]) -> Iterator[str]:
    """Yield the names of all properties anywhere in a schema."""
    if isinstance(schema, list):
        for part in schema:
            yield from _properties(document, part, above)
    elif isinstance(schema, dict):
        reference = schema.get("$ref", "")
        if reference and reference not in above:
            target: Any = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]
            yield from _properties(document, target, above | {reference})
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _properties(document, part, above)


def _classified(names: Any) -> frozenset[str]:
    found = frozenset(
        name
        for name in names
        if (name == "id" or name.endswith(("_id", "_ids")))
        and name not in _OWN_WORDS | PARTS | LISTS | _INTERNAL | _FILTERS | _IN_MATRIX
    )
    unknown = found - OWNED - SHARED
    assert not unknown, f"say in {__name__} whose things these name: {sorted(unknown)}"
    return found
