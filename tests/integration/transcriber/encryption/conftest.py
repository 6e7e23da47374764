"""Fixtures of the tests of encryption."""

from collections.abc import Iterator

import pytest

from common.objects import ObjectStore
from common.settings import ObjectSettings


@pytest.fixture
def stored(s3: ObjectSettings) -> Iterator[ObjectStore]:
    """Yield the object store as it is, without keys."""
    store = ObjectStore(s3)
    yield store
    store.close()
