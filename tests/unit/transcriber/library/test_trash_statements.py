"""No statement finds transcriptions in the trash for their owners, except those that are meant to.

Owners find rows by their workspace. Every statement that does so must look at `trashed_at`.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import transcriber

_READS = re.compile(r"\b(FROM|JOIN|UPDATE|USING)\s+transcriptions\b", re.IGNORECASE)
_OWNED = re.compile(r"\bworkspace_id\s*(=|IS NOT DISTINCT)", re.IGNORECASE)
#: Statements about all that is stored, with the reason.
MEANT = {
    "transcriber.store.captures._FIND": "a capture keeps the id of its result",
    "transcriber.store.captures._LIST": "a capture keeps the id of its result",
    "transcriber.store.expiry._FORGET_WARNINGS": "its transcripts are warned about again",
    "transcriber.store.followed_names._LOCK_RENAMED": "names stay right if they are restored",
    "transcriber.store.followed_names._LOCK_UNLINKED": "names stay right if they are restored",
    "transcriber.store.jobs._BY_REQUEST": "its transcription was found before",
    "transcriber.store.resumable_uploads._FIND": "an upload keeps the id of its result",
    "transcriber.store.resumable_uploads._LIST": "an upload keeps the id of its result",
    "transcriber.store.search_query._STATE": "figures about the index, without content",
    "transcriber.store.stored._IDS": "for administrators",
    "transcriber.store.stored._COUNT": "for administrators",
    "transcriber.store.stored._WORKSPACES": "for administrators",
    "transcriber.store.transcriptions._BY_REQUEST": "tells that an upload lies in the trash",
    "transcriber.store.transcriptions._OF_WORKSPACE": "erases the workspace",
    "transcriber.store.usage._QUEUED_SECONDS": "the trash counts in the quota",
    "transcriber.store.usage._STORED_BYTES": "the trash counts in the quota",
}


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(transcriber.__path__, "transcriber."):
        # Models are installed only where workers run.
        if not found.name.startswith("transcriber.worker") and "__main__" not in found.name:
            yield importlib.import_module(found.name)


def statements() -> dict[str, str]:
    """Return all SQL constants by their full names."""
    return {
        f"{module.__name__}.{name}": value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, str) and name.isupper() and _READS.search(value)
    }


def test_statements_of_owners_skip_the_trash() -> None:
    found = statements()
    owned = {name for name, text in found.items() if _OWNED.search(text)}
    assert len(owned) > 10
    careless = {name for name in owned if "trashed_at" not in found[name]}
    assert careless - MEANT.keys() == set()
    assert MEANT.keys() - careless == set(), "they are not needed any more"
