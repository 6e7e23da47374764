"""Random protobuf messages from their descriptors, and bytes that are none."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from bench.fuzz import mutations, texts

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e-320, 1e308, float("inf"), float("-inf"), float("nan"))
_DEEPEST = 4
_MOST_REPEATED = 5
_LONGEST_TEXT = 2000
_LONGEST_BYTES = 4096
_WRONG_BYTES = 0.15
#: Values by the names of fields, so that calls reach things that exist.
Known = Mapping[str, Any]


def message(descriptor: Descriptor, random: Random, known: Known) -> Message:
    """Return a message of which some fields are set."""
    made: Message = message_factory.GetMessageClass(descriptor)()
    _fill(made, random, known, 0)
    return made


def request(method: MethodDescriptor, random: Random, known: Known) -> bytes:
    """Return the bytes of a request. Some are not a message of its type."""
    data = message(method.input_type, random, known).SerializeToString()
    if random.random() < _WRONG_BYTES:
        return mutations.mutate(data, random.getrandbits(32), most=_LONGEST_BYTES)
    return data


def requests(method: MethodDescriptor, random: Random, known: Known) -> Iterator[bytes]:
    """Yield the requests of a call: one, or a few of a stream."""
    count = random.randint(0, 6) if method.client_streaming else 1
    for _ in range(count):
        yield request(method, random, known)


def _fill(made: Message, random: Random, known: Known, depth: int) -> None:
    density = random.choice((0.2, 0.5, 0.9))
    for field in made.DESCRIPTOR.fields:
        if random.random() > density:
            continue
        if field.message_type is not None and depth >= _DEEPEST:
            continue
        _set(made, field, random, known, depth)


def _set(made: Message, field: Any, random: Random, known: Known, depth: int) -> None:
    target: Any = getattr(made, field.name)
    if _is_map(field):
        return
    if field.is_repeated:
        for _ in range(random.randint(0, _MOST_REPEATED)):
            if field.message_type is None:
                target.append(_value(field, random, known))
            else:
                _fill(target.add(), random, known, depth + 1)
    elif field.message_type is not None:
        target.SetInParent()
        _fill(target, random, known, depth + 1)
    else:
        setattr(made, field.name, _value(field, random, known))


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _value(field: Any, random: Random, known: Known) -> Any:
    kind = field.cpp_type
    value: Any
    if field.name in known and random.random() < 0.7:
        value = known[field.name]
    elif kind in _INTEGERS:
        value = _integer(random, *_INTEGERS[kind])
    elif kind == FieldDescriptor.CPPTYPE_BOOL:
        value = random.random() < 0.5
    elif kind == FieldDescriptor.CPPTYPE_ENUM:
        # Enums are open, so that numbers without a name arrive.
        value = random.choice([*(one.number for one in field.enum_type.values), 99, -1])
    elif kind in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        value = random.choice((*_NUMBERS, random.uniform(-1e6, 1e6)))
    elif field.type == FieldDescriptor.TYPE_STRING:
        value = texts.text(random, most=_LONGEST_TEXT)
    else:
        value = random.randbytes(random.randint(0, _LONGEST_BYTES))
    return value


def _integer(random: Random, least: int, most: int) -> int:
    edge = random.choice((least, most, 0, 1, 2, 100, random.randint(least, most)))
    return max(least, min(most, edge))
