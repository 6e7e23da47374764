"""Wrapped keys, the deployment's keys, settings, and access of tasks."""

import base64

import pytest
from pydantic import ValidationError

from common.encryption import task_access, wrapping
from common.encryption.key_holders import DeploymentKeys, name_of, parse_key
from common.encryption.key_service import KeyService
from common.encryption.object_cipher import ObjectCipher
from common.encryption.settings import EncryptionSettings
from common.encryption.wrapping import WrongKeyError
from securetranscribe.v1 import queue_pb2

ONE, TWO = bytes(range(32)), bytes(range(32, 64))


def text(key: bytes) -> str:
    """Return a key as in a file."""
    return base64.b64encode(key).decode()


def test_wrapped_keys_belong_to_their_owner() -> None:
    wrapped = wrapping.wrap(ONE, TWO, "workspace/a")
    assert TWO not in wrapped
    assert wrapping.unwrap(ONE, wrapped, "workspace/a") == TWO
    with pytest.raises(WrongKeyError):
        wrapping.unwrap(ONE, wrapped, "workspace/b")
    with pytest.raises(WrongKeyError):
        wrapping.unwrap(TWO, wrapped, "workspace/a")
    with pytest.raises(WrongKeyError):
        wrapping.unwrap(ONE, wrapped[:-1], "workspace/a")
    for damaged in (b"", b"\x02" + wrapped[1:], wrapped[:5]):
        with pytest.raises(WrongKeyError):
            wrapping.unwrap(ONE, damaged, "workspace/a")


def test_keys_are_derived_per_purpose() -> None:
    assert wrapping.derived_key(ONE, "a") != wrapping.derived_key(ONE, "b")
    assert len(wrapping.derived_key(ONE, "a")) == 32


@pytest.mark.parametrize(
    "form", [text(ONE), text(ONE).rstrip("="), base64.urlsafe_b64encode(ONE).decode(), ONE.hex()]
)
def test_forms_of_a_key(form: str) -> None:
    assert parse_key(form) == ONE


@pytest.mark.parametrize("form", ["", "word", text(ONE[:31]), text(ONE + b"x"), "g" * 64, "é" * 43])
def test_other_texts_are_no_keys(form: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        parse_key(form)


async def test_the_first_key_wraps_and_all_unwrap() -> None:
    old = DeploymentKeys([ONE])
    wrapped = await old.wrap(b"k" * 32, "workspace/a")
    assert wrapped.by == name_of(ONE)
    both = DeploymentKeys.parse(f"{text(TWO)}\n{text(ONE)},\n")
    assert await both.unwrap(wrapped, "workspace/a") == b"k" * 32
    assert await both.current() == name_of(TWO)
    assert await both.known([name_of(ONE), name_of(TWO)])
    new = DeploymentKeys([TWO])
    assert not await new.known([name_of(ONE)])
    with pytest.raises(WrongKeyError, match=name_of(ONE)):
        await new.unwrap(wrapped, "workspace/a")


def test_settings_need_a_key() -> None:
    assert EncryptionSettings(encryption=False).key_holder is None
    assert isinstance(EncryptionSettings(encryption_key=text(ONE)).key_holder, DeploymentKeys)
    service = EncryptionSettings(encryption_key_service="http://127.0.0.1:1/keys")
    assert isinstance(service.key_holder, KeyService)
    with pytest.raises(ValidationError, match="ENCRYPTION_KEY must be set"):
        EncryptionSettings(encryption=True)
    with pytest.raises(ValidationError, match="together"):
        EncryptionSettings(encryption_key=text(ONE), encryption_key_service="http://a/b")


def test_a_wrong_key_is_named_and_not_quoted() -> None:
    with pytest.raises(ValidationError) as caught:
        EncryptionSettings(encryption_key="hunter2")
    assert "32 bytes" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_access_of_a_task_is_for_one_kind_of_worker() -> None:
    cipher = ObjectCipher.derive(ONE, "1/source")
    url = task_access.with_cipher("http://store/audio/1/source?X=1", cipher)
    task = queue_pb2.Task(
        task_id="t", audio_url=url, result_url="http://store/r", stored_result_url="s"
    )
    task_access.seal(task, "service key")
    # Workers of older versions return tasks without URLs.
    assert (task.audio_url, task.stored_result_url, task.result_url) == ("", "", "")
    assert cipher.text().encode() not in task.SerializeToString()
    for other, task_id in (("another key", "t"), ("service key", "other")):
        copy = queue_pb2.Task.FromString(task.SerializeToString())
        copy.task_id = task_id
        with pytest.raises(WrongKeyError):
            task_access.unseal(copy, other)
    task_access.unseal(task, "service key")
    assert (task.audio_url, task.result_url) == (url, "http://store/r")
    assert not task.sealed_access
    task_access.unseal(task, "any key, since it is open")
    address, found = task_access.split_url(task.audio_url)
    assert address == "http://store/audio/1/source?X=1"
    assert found is not None
    assert found.unseal(cipher.seal(b"words")) == b"words"
    assert task_access.split_url("http://store/r") == ("http://store/r", None)
    assert task_access.with_cipher("http://store/r", None) == "http://store/r"
    assert task_access.with_cipher("", cipher) == ""
