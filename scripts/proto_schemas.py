"""JSON schemas of protobuf messages in their JSON form, with the comments of the contracts."""

import tempfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

ROOT = Path(__file__).parents[1]
_REF = "#/components/schemas/{}"
_SCALARS: dict[int, dict[str, Any]] = {
    FieldDescriptorProto.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptorProto.TYPE_FLOAT: {"type": "number"},
    FieldDescriptorProto.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptorProto.TYPE_UINT32: {"type": "integer", "minimum": 0},
    # 64 bits do not fit into the numbers of JavaScript.
    FieldDescriptorProto.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptorProto.TYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptorProto.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptorProto.TYPE_STRING: {"type": "string"},
    FieldDescriptorProto.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
_WELL_KNOWN: dict[str, dict[str, Any]] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
}
# Numbers of fields in descriptor.proto, which make up the places of comments.
_MESSAGES, _ENUMS, _FIELDS, _NESTED, _NESTED_ENUMS = 4, 5, 2, 3, 4
_LABEL_REPEATED = FieldDescriptorProto.LABEL_REPEATED


class ProtoSchemas:
    """Schemas of messages, made on demand, together with the types of their fields."""

    def __init__(self, contract: str) -> None:
        """`contract` is the path of a file below `protos`."""
        self._types: dict[str, tuple[DescriptorProto | EnumDescriptorProto, _Comments]] = {}
        for file in _described(contract).file:
            comments = _Comments.of(file)
            for index, message in enumerate(file.message_type):
                self._add(f".{file.package}", message, comments.at(_MESSAGES, index))
            for index, enum in enumerate(file.enum_type):
                name = f".{file.package}.{enum.name}"
                self._types[name] = (enum, comments.at(_ENUMS, index))
        self.schemas: dict[str, Any] = {}

    def field_comments(self, name: str) -> dict[str, str]:
        """Return the comments of the fields of a message, by their names."""
        message, comments = self._types[name]
        assert isinstance(message, DescriptorProto)
        return {
            field.name: comments.at(_FIELDS, index).text
            for index, field in enumerate(message.field)
        }

    def reference(self, name: str) -> dict[str, Any]:
        """Return a reference to a type by its full name, such as `.package.Message`."""
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        short = name.rpartition(".")[2]
        if short not in self.schemas:
            self.schemas[short] = {}  # it may refer to itself
            kind, comments = self._types[name]
            made = _enum(kind) if isinstance(kind, EnumDescriptorProto) else None
            schema = made or self._message(kind, comments)
            self.schemas[short] = {"description": comments.text, **schema}
        return {"$ref": _REF.format(short)}

    def _add(self, scope: str, message: DescriptorProto, comments: "_Comments") -> None:
        name = f"{scope}.{message.name}"
        self._types[name] = (message, comments)
        for index, nested in enumerate(message.nested_type):
            self._add(name, nested, comments.at(_NESTED, index))
        for index, enum in enumerate(message.enum_type):
            self._types[f"{name}.{enum.name}"] = (enum, comments.at(_NESTED_ENUMS, index))

    def _message(self, message: Any, comments: "_Comments") -> dict[str, Any]:
        properties = {
            field.name: self._field(field, comments.at(_FIELDS, index).text)
            for index, field in enumerate(message.field)
        }
        return {"type": "object", "properties": properties}

    def _field(self, field: FieldDescriptorProto, comment: str) -> dict[str, Any]:
        if field.type in _SCALARS:
            schema = dict(_SCALARS[field.type])
        else:
            schema = self.reference(field.type_name)
        if field.label == _LABEL_REPEATED:
            schema = {"type": "array", "items": schema}
        if not comment:
            return schema
        # In this version of JSON Schema, nothing else counts next to a reference.
        told = {"allOf": [schema]} if "$ref" in schema else schema
        return {**told, "description": comment}


class _Comments:
    """Comments of a file, below one place in it."""

    def __init__(self, found: dict[tuple[int, ...], str], place: tuple[int, ...] = ()) -> None:
        self._found = found
        self._place = place

    @classmethod
    def of(cls, file: FileDescriptorProto) -> "_Comments":
        """Return the comments of a file."""
        return cls(
            {
                tuple(location.path): " ".join(location.leading_comments.split())
                for location in file.source_code_info.location
            }
        )

    def at(self, *path: int) -> "_Comments":
        """Return the comments below a place."""
        return _Comments(self._found, (*self._place, *path))

    @property
    def text(self) -> str:
        """The comment at this place, empty without one."""
        return self._found.get(self._place, "")


def _enum(enum: EnumDescriptorProto) -> dict[str, Any]:
    return {"type": "string", "enum": [value.name for value in enum.value]}


def _described(contract: str) -> FileDescriptorSet:
    """Return the descriptors of a contract and its imports."""
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "descriptors.pb"
        options: Iterable[str] = (
            f"-I{ROOT / 'protos'}",
            f"-I{files('grpc_tools') / '_proto'}",
            # Google's types for HTTP come with another package.
            f"-I{Path(annotations_pb2.__file__).parents[2]}",
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={target}",
            contract,
        )
        if protoc.main(["protoc", *options]) != 0:
            raise SystemExit(f"{contract} cannot be compiled")
        return FileDescriptorSet.FromString(target.read_bytes())
