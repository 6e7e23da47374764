import pytest

from tests.ports import free_port


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    return free_port()
