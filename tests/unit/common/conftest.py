import pytest

from tests.ports import free_port


@pytest.fixture
def unused_port() -> int:
    """Return a port without a listener."""
    return free_port()
