"""Names of steps that statements give work."""

import importlib
import pkgutil
from typing import Any

import transcriber
from common.background.steps import ItemStep
from transcriber.store import step_names


def test_names_are_those_of_steps() -> None:
    for module in pkgutil.walk_packages(transcriber.__path__, "transcriber."):
        if not module.name.startswith(("transcriber.worker", "transcriber.__main__")):
            importlib.import_module(module.name)
    given = {value for name, value in vars(step_names).items() if name.isupper()}
    assert given
    assert given <= _names(ItemStep)


def _names(kind: Any) -> set[str]:
    own = {kind.name} if isinstance(getattr(kind, "name", None), str) else set()
    return own.union(*(_names(below) for below in kind.__subclasses__()))
