"""Plugin that shares out test files to processes.

Files with the same slow fixtures run in one process, so that they are set up once. Directories
whose files take long go first, so that no process is left with one of them at the end.
"""

import os
from collections import Counter
from typing import Any

import pytest

#: Beginnings of the paths of files that share fixtures: the running product, and models.
_SHARING = {
    "product": ("tests/e2e/", "tests/web/"),
    "models": (
        "tests/integration/ml/",
        "tests/recordings/test_mixtures.py",
        "tests/recordings/test_recognition.py",
    ),
}
_LATER = ("tests/integration/devstack/", "tests/integration/", "tests/recordings/", "tests/")
#: With more processes, the longest of them would take longer than all others.
_PROCESSES = 3


def unit_of(nodeid: str) -> str:
    """Return the name of the unit of work that a test belongs to: its file or several files."""
    file = nodeid.split("::", 1)[0]
    for name, beginnings in _SHARING.items():
        if file.startswith(beginnings):
            return name
    return file


def in_order(nodeids: list[str]) -> list[str]:
    """Return tests in the order in which their units begin: large ones first in each directory."""
    sizes = Counter(map(unit_of, nodeids))

    def place(nodeid: str) -> tuple[int, int, str]:
        unit = unit_of(nodeid)
        if unit in _SHARING:
            return list(_SHARING).index(unit), 0, ""
        directory = next(i for i, beginning in enumerate(_LATER) if unit.startswith(beginning))
        return len(_SHARING) + directory, -sizes[unit], unit

    return sorted(nodeids, key=place)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests in every process."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        places = {nodeid: place for place, nodeid in enumerate(in_order([i.nodeid for i in items]))}
        items.sort(key=lambda item: places[item.nodeid])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out files with `--dist loadfile`, units with few processes."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # It would order files by their number of tests.
    scheduling = LoadFileScheduling(config, log)
    if scheduling.numnodes <= _PROCESSES:
        scheduling._split_scope = unit_of
    return scheduling
