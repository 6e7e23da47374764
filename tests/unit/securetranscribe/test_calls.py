"""Calls of the clients and the OpenAPI document, in step."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import openapi, sdk_results
from securetranscribe import results
from securetranscribe.calls import Calls
from securetranscribe.methods import Operation

#: Operations without a method, and the reason.
WITHOUT_METHOD = {
    ("GET", "/auth/oidc/{provider}/start"): "is opened by browsers",
    ("GET", "/auth/oidc/{provider}/callback"): "is opened by browsers",
    ("POST", "/auth/oidc/{provider}/logout"): "is called by sign-in providers",
    ("POST", "/auth/oidc/sign-out"): "leads browsers to the sign-in provider",
}
Key = tuple[str, str]


def described() -> Iterator[tuple[str, "Operation[Any, Any, Any]"]]:
    yield from inspect.getmembers(Calls, lambda one: isinstance(one, Operation))


@pytest.fixture(scope="module")
async def document() -> dict[str, Any]:
    return await openapi.document()


def operations(document: dict[str, Any]) -> dict[Key, Any]:
    # Paths of OpenAI's clients have clients of their own.
    return {
        (method.upper(), path.removeprefix("/api")): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith(("/api/", "/health"))
    }


def test_every_operation_has_one_method(document: dict[str, Any]) -> None:
    keys = [(method.method, method.path) for _, method in described()]
    assert sorted(keys) == sorted(set(keys))
    assert set(keys) | WITHOUT_METHOD.keys() == operations(document).keys()
    assert not set(keys) & WITHOUT_METHOD.keys()


def test_parameters_of_paths_are_arguments(document: dict[str, Any]) -> None:
    found = operations(document)
    for name, method in described():
        parameters = found[method.method, method.path].get("parameters", ())
        wanted = {one["name"] for one in parameters if one["in"] == "path"}
        assert wanted <= inspect.signature(method._describe).parameters.keys(), name


def test_results_have_the_classes_of_the_document(document: dict[str, Any]) -> None:
    found = operations(document)
    for name, method in described():
        data = sdk_results.data_of(document, found[method.method, method.path])
        kind = method.result.kind
        if kind is None:
            continue
        assert data is not None, name
        if method.result.key is not None:
            data = sdk_results.resolved(document, data)["properties"][method.result.key]
        schema = data["items"] if data.get("type") == "array" else data
        assert sdk_results.class_name(schema["$ref"].rpartition("/")[2]) == kind.__name__, name


def test_classes_are_those_of_the_document(document: dict[str, Any], tmp_path: Path) -> None:
    """`python -m scripts.sdk_results` writes them."""
    path = tmp_path / "results.py"
    sdk_results.write(path, document)
    assert path.read_text(encoding="utf-8") == Path(results.__file__).read_text(encoding="utf-8")
