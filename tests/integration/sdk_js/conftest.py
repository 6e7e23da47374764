"""Fixtures for the JavaScript client."""

from pathlib import Path

import pytest

from tests import sdk_js


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has nothing but the client."""
    return sdk_js.project(tmp_path_factory.mktemp("consumer"))
