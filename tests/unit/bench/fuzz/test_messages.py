"""Random messages from descriptors."""

from random import Random

from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from bench.fuzz import calls, messages
from securetranscribe.v1 import queue_pb2, speech_pb2


def test_same_seed_gives_the_same_message() -> None:
    made = [messages.message(queue_pb2.Task.DESCRIPTOR, Random(7), {}) for _ in range(2)]
    assert made[0].SerializeToString() == made[1].SerializeToString()


def test_known_values_are_used() -> None:
    known = {"task_id": "the one"}
    found = {
        messages.message(queue_pb2.TaskResult.DESCRIPTOR, Random(seed), known).task_id  # type: ignore[attr-defined]
        for seed in range(100)
    }
    assert "the one" in found
    assert len(found) > 2


def test_every_field_is_set_at_some_time() -> None:
    unset = {field.name for field in speech_pb2.RecognitionConfig.DESCRIPTOR.fields}
    for seed in range(200):
        made = messages.message(speech_pb2.RecognitionConfig.DESCRIPTOR, Random(seed), {})
        unset -= {field.name for field, _ in made.ListFields()}
    assert unset == set()


def test_every_method_gets_messages_and_some_garbage() -> None:
    garbage = 0
    for method in calls.methods():
        for seed in range(5):
            for data in messages.requests(method, Random(f"{method.full_name} {seed}"), {}):
                try:
                    message_factory.GetMessageClass(method.input_type).FromString(data)
                except DecodeError:
                    garbage += 1
    assert garbage > 10


def test_every_service_has_a_process() -> None:
    services = {method.containing_service.name for method in calls.methods()}
    assert services <= calls.PROCESSES.keys()
