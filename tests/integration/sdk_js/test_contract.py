"""The JavaScript client follows the OpenAPI document and the documentation."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.openapi import document
from tests import sdk_js

_SOURCE = sdk_js.ROOT / "libs/sdk-js/src"
_TYPES = sdk_js.ROOT / "web/node_modules/openapi-typescript/bin/cli.js"
_STALE = "The types of the contract are stale. Run 'make sdk-js'."


@pytest.fixture(scope="module")
async def contract() -> dict[str, Any]:
    """Return the OpenAPI document of the gateway."""
    return await document()


def _listed(name: str) -> set[str]:
    """Return the strings of a set in the client's source."""
    found = re.search(rf"{name}\b.*?new Set\(\[(.*?)\]\)", _names(), re.DOTALL)
    assert found, name
    return set(re.findall(r'"([^"]+)"', found[1]))


def _names() -> str:
    return (_SOURCE / "names.ts").read_text(encoding="utf-8")


def _variants(contract: dict[str, Any], schema: Any) -> Iterator[dict[str, Any]]:
    """Return the schemas that a value may have, without references."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _variants(contract, contract["components"]["schemas"][name])
        return
    choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    for one in choices:
        yield from _variants(contract, one)
    if schema.get("type") == "array":
        yield from _variants(contract, schema.get("items"))
    elif not choices:
        yield schema


def _properties(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every property of every schema, with each schema that its value may have."""
    for schema in contract["components"]["schemas"].values():
        for name, one in schema.get("properties", {}).items():
            for variant in _variants(contract, one):
                yield name, variant


def _values(schema: dict[str, Any]) -> Any:
    """Return the schema of an object's values, True if anything is allowed, else None."""
    if schema.get("type") != "object":
        return None
    more = schema.get("additionalProperties", None if "properties" in schema else True)
    return True if more == {} else more or None


def test_types_are_fresh(contract: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(contract, ensure_ascii=False))
    arguments = ("openapi.json", "-o", "schema.d.ts", "--default-non-nullable=false")
    sdk_js.node(_TYPES, *arguments, cwd=tmp_path)
    fresh = (tmp_path / "schema.d.ts").read_text(encoding="utf-8")
    if fresh != (_SOURCE / "schema.d.ts").read_text(encoding="utf-8"):
        pytest.fail(_STALE)


def test_keys_that_are_data_are_known(contract: dict[str, Any]) -> None:
    found = [(name, _values(schema)) for name, schema in _properties(contract)]
    opaque = {name for name, values in found if values is True}
    keyed = {name for name, values in found if values not in (None, True)}
    assert _listed("OPAQUE") == opaque
    assert _listed("KEYED") == keyed
    objects = {
        name
        for name, schema in _properties(contract)
        if schema.get("type") == "object" and _values(schema) is None
    }
    # The client goes by the name alone.
    assert not objects & (opaque | keyed)
    assert not opaque & keyed


def test_bodies_with_keys_that_are_data_are_known(contract: dict[str, Any]) -> None:
    found = {
        f"{method.upper()} {path}"
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for schema in _variants(contract, content.get("schema"))
        if _values(schema)
    }
    assert _listed("KEYED_BODIES") == found


def test_names_can_be_translated_back(contract: dict[str, Any]) -> None:
    names = {name for name, _ in _properties(contract)}
    for methods in contract["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            names |= {one["name"] for one in parameters if one["in"] != "header"}
    assert len(names) > 100
    for name in names:
        camel = re.sub(r"(?<=.)_([a-z0-9])", lambda found: found[1].upper(), name)
        assert re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", camel) == name


def test_documented_codes_have_classes() -> None:
    text = (sdk_js.ROOT / "docs/api.md").read_text(encoding="utf-8")
    table = text.partition("| code | status | cause |")[2].partition("\n\n")[0]
    codes = {
        code
        for row in table.splitlines()[2:]
        for code in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    }
    assert len(codes) > 20
    source = (_SOURCE / "errors.ts").read_text(encoding="utf-8")
    classes = re.findall(r"^  ([A-Z_]+): (\w+),$", source, re.MULTILINE)
    assert {code for code, _ in classes} == codes
    assert len({name for _, name in classes}) == len(codes)
