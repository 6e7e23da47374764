"""Resources of a session do not exist for another session, for every method with an id."""

from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from securetranscribe import SecureTranscribeClient
from tests import operations
from tests.e2e.grpc_methods import PROCESSES, callable_of, outcome_of
from tests.e2e.owners import EXAMPLES, NEVER_GIVEN, Owner, renamed, token_of
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "method",
    [method for method in operations.methods() if operations.takes(method) & operations.OWNED],
    ids=lambda method: method.full_name.removeprefix("securetranscribe.v1."),
)
def test_methods_with_ids(
    stack: Stack, owner: Owner, stranger: SecureTranscribeClient, method: MethodDescriptor
) -> None:
    before = owner.state()
    token = token_of(stranger)
    address = stack.services.address(PROCESSES[method.containing_service.name])
    owned = operations.takes(method) & operations.OWNED
    with grpc.insecure_channel(address) as channel:
        call = callable_of(channel, method)

        @EXAMPLES
        @given(request=requests_of(method), data=st.data())
        def about(request: Message, data: st.DataObject) -> None:
            theirs = {name: data.draw(st.sampled_from(owner.ids[name])) for name in owned}
            told, expected = (
                outcome_of(call, method, request, ids, token) for ids in (theirs, NEVER_GIVEN)
            )
            assert told == renamed(expected, theirs)

        about()
    assert owner.state() == before


def test_every_method_is_covered() -> None:
    assert {method.containing_service.name for method in operations.methods()} == set(PROCESSES)
    found = [
        method for method in operations.methods() if operations.takes(method) & operations.OWNED
    ]
    assert len(found) >= 12


def requests_of(method: MethodDescriptor) -> st.SearchStrategy[Message]:
    """Return requests with plausible values in some fields."""
    return st.builds(lambda data: _filled(method, data), st.data())


def _filled(method: MethodDescriptor, data: st.DataObject) -> Message:
    request = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields:
        if field.name not in operations.OWNED and data.draw(st.booleans(), label=field.name):
            _set(request, field, data)
    return request


def _set(request: Any, field: FieldDescriptor, data: st.DataObject) -> None:
    if field.message_type is not None:
        if field.message_type.GetOptions().map_entry:
            getattr(request, field.name)["Speaker_1"] = "Anybody"
        return
    kinds: dict[int, st.SearchStrategy[Any]] = {
        FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
        FieldDescriptor.CPPTYPE_INT32: st.integers(0, 12),
        FieldDescriptor.CPPTYPE_INT64: st.integers(0, 12),
        FieldDescriptor.CPPTYPE_DOUBLE: st.floats(0, 1),
        FieldDescriptor.CPPTYPE_STRING: st.sampled_from(["", "en", "Speaker_1", "x" * 40]),
    }
    if field.enum_type is not None:
        values: st.SearchStrategy[Any] = st.sampled_from(list(field.enum_type.values)).map(
            lambda value: value.number
        )
    else:
        values = kinds[field.cpp_type]
        if field.type == FieldDescriptor.TYPE_BYTES:
            values = values.map(str.encode)
    if field.is_repeated:
        getattr(request, field.name).extend(data.draw(st.lists(values, max_size=2)))
    else:
        setattr(request, field.name, data.draw(values))
