"""The JavaScript client has the calls of the Python client, under the same names."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts import openapi
from securetranscribe.calls import Calls
from securetranscribe.methods import Operation

_SOURCE = Path(__file__).parents[3] / "libs/sdk-js/src"
#: Methods with another name, and those that are steps of another method.
OTHERWISE = {
    "searchPage": "search",
    "requestSession": "createSession",
    "requestResumption": "resumeSession",
    "requestSignIn": "signIn",
    "requestSetup": "setUp",
    "requestReset": "resetPassword",
    "requestLink": "openLink",
    "downloadExport": "exportTranscription",
    "createUpload": "uploadResumable",
    "getUpload": "uploadResumable",
    "appendToUpload": "uploadResumable",
}
#: Operations without a method of the client, and the reason.
WITHOUT_METHOD = {
    "putChunk": "Capture sends the chunks",
    "requestFinish": "Capture finishes",
}
_ROW = re.compile(r'^  (\w+): \[\s*"(\w+)",\s*"([^"]+)",\s*"(\w+)",?', re.MULTILINE)


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def python_operations() -> Mapping[str, tuple[str, str]]:
    described = inspect.getmembers(Calls, lambda one: isinstance(one, Operation))
    outside = ("/health",)
    return {
        camel(name): (one.method, one.path if one.path.startswith(outside) else f"/api{one.path}")
        for name, one in described
    }


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[str, str, str]]:
    """Return the methods of the tables: method, path, and what they take."""
    tables = [path.read_text(encoding="utf-8") for path in _SOURCE.glob("operations-*.ts")]
    found = [row for table in tables for row in _ROW.findall(table)]
    names = [name for name, *_ in found]
    assert sorted(names) == sorted(set(names))
    return {name: (method, path, takes) for name, method, path, takes in found}


@pytest.fixture(scope="module")
def written() -> set[str]:
    """Return the methods that are written out."""
    classes = ("client", "documents", "sessions", "speakers")
    code = "".join((_SOURCE / f"{name}.ts").read_text(encoding="utf-8") for name in classes)
    return set(re.findall(r"^  (?:async )?(\w+)\(", code, re.MULTILINE))


def test_every_operation_has_a_method(
    rows: Mapping[str, tuple[str, str, str]], written: set[str]
) -> None:
    missing = []
    for name, operation in python_operations().items():
        if name in rows:
            assert rows[name][:2] == operation, name
        elif OTHERWISE.get(name, name) not in written and name not in WITHOUT_METHOD:
            missing.append(name)
    assert missing == [], "add rows to libs/sdk-js/src/operations-*.ts"


def test_there_is_one_method_for_an_operation(
    rows: Mapping[str, tuple[str, str, str]], written: set[str]
) -> None:
    assert not rows.keys() & written
    assert rows.keys() <= python_operations().keys()
    assert OTHERWISE.keys() | WITHOUT_METHOD.keys() <= python_operations().keys() - rows.keys()
    assert set(OTHERWISE.values()) <= written


async def test_methods_take_what_the_document_has(
    rows: Mapping[str, tuple[str, str, str]],
) -> None:
    document: dict[str, Any] = await openapi.document()
    for name, (method, path, takes) in rows.items():
        operation = document["paths"][path][method.lower()]
        query = any(one["in"] == "query" for one in operation.get("parameters", ()))
        body = "requestBody" in operation
        assert not (query and body), f"{name} takes both, and has to be written out"
        assert takes == ("query" if query else "body" if body else "nothing"), name
