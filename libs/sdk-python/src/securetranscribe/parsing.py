"""Typed results from the dictionaries of the API."""

import dataclasses
import datetime as dt
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R")
_Reader = Callable[[Any], Any]


def parsed(kind: type[R], data: Any) -> R:
    """Return a dictionary of the API as an object of a class in `securetranscribe.results`.

    Unknown fields of newer servers are left out. Fields missing from older servers are None.
    """
    reader = _reader(typing.cast("typing.Hashable", kind))
    found: R = reader(data)
    return found


@functools.cache
def _reader(kind: Any) -> _Reader:
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _record_reader(kind)
    if kind is dt.datetime:
        return dt.datetime.fromisoformat
    if origin is list:
        (item,) = typing.get_args(kind)
        return lambda values: [_reader(item)(value) for value in values]
    if origin is dict:
        _, item = typing.get_args(kind)
        return lambda values: {name: _reader(item)(value) for name, value in values.items()}
    if origin in (types.UnionType, typing.Union):
        return _union_reader(typing.get_args(kind))
    return lambda value: value


def _record_reader(kind: Any) -> _Reader:
    hints: dict[str, Any] | None = None

    def read(data: Any) -> Any:
        # Classes may refer to each other, so their fields are looked up at first use.
        nonlocal hints
        hints = hints or typing.get_type_hints(kind)
        values = {}
        for field in dataclasses.fields(kind):
            value = data.get(field.metadata.get("key", field.name))
            values[field.name] = None if value is None else _reader(hints[field.name])(value)
        return kind(**values)

    return read


def _union_reader(kinds: tuple[Any, ...]) -> _Reader:
    others = [kind for kind in kinds if kind is not type(None)]
    # Unions besides those with None are of plain values.
    return _reader(others[0]) if len(others) == 1 else lambda value: value
