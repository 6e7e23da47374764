"""Access of one task to its objects, encrypted for the receiving kind of worker.

A URL carries the key of its object as its fragment, which no request contains. Workers of older
versions find no URLs and return the task.
"""

from common.encryption import wrapping
from common.encryption.object_cipher import ObjectCipher
from securetranscribe.v1 import queue_pb2

_PURPOSE = "access of tasks"
_MARK = "#key="
_FIELDS = ("audio_url", "stored_result_url", "result_url", "playback_url", "peaks_url")


def with_cipher(url: str, cipher: ObjectCipher | None) -> str:
    """Return a URL with the key of its object, if there is one."""
    return url if cipher is None or not url else f"{url}{_MARK}{cipher.text()}"


def split_url(url: str) -> tuple[str, ObjectCipher | None]:
    """Return the URL to request and the cipher of its object, None if that is plain."""
    address, mark, text = url.partition(_MARK)
    return address, ObjectCipher.parse(text) if mark else None


def seal(task: queue_pb2.Task, service_key: str) -> None:
    """Encrypt the URLs of a task with the key of the receiving kind of worker."""
    access = queue_pb2.TaskAccess(**{name: getattr(task, name) for name in _FIELDS})
    key = wrapping.derived_key(service_key.encode(), _PURPOSE)
    task.sealed_access = wrapping.wrap(key, access.SerializeToString(), task.task_id)
    for name in _FIELDS:
        task.ClearField(name)  # type: ignore[arg-type]


def unseal(task: queue_pb2.Task, service_key: str) -> None:
    """Decrypt the URLs of a task, if they are encrypted.

    Raises:
        WrongKeyError: they were encrypted with another key.
    """
    if not task.sealed_access:
        return
    key = wrapping.derived_key(service_key.encode(), _PURPOSE)
    access = queue_pb2.TaskAccess()
    access.ParseFromString(wrapping.unwrap(key, task.sealed_access, task.task_id))
    for name in _FIELDS:
        setattr(task, name, getattr(access, name))
    task.ClearField("sealed_access")
