"""Fuzzing of one parser with atheris, in a process of its own."""

import gc
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from types import FunctionType
from typing import Any

from bench.fuzz import mutations
from bench.fuzz.guided.catalog import FAMILIES, family_of
from bench.fuzz.guided.parser import Parser
from bench.fuzz.guided.trial import FaultBook, tried

#: Share of inputs that are mutated as `make fuzz` does.
_OWN_MUTATIONS = 0.3


def functions(packages: Sequence[str]) -> Iterator[FunctionType]:
    """Yield the functions and methods of imported packages and modules."""
    for found in gc.get_objects():
        # Objects may answer questions about their class with warnings.
        if type(found) is FunctionType:
            module = found.__module__ or ""
            if any(f"{module}.".startswith(f"{package}.") for package in packages):
                yield found


def mutator(engine: Any) -> Callable[[bytes, int, int], bytes]:
    """Return a function that mutates an input, by turns as libFuzzer and as `make fuzz` do."""

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        if Random(seed).random() < _OWN_MUTATIONS:
            return mutations.mutate(data, seed, most=most) or b"0"
        changed: bytes = engine.Mutate(data, most)
        return changed

    return mutate


def fuzz(parser: Parser, faults: Path, output: Path, options: Sequence[str]) -> None:
    """Fuzz until libFuzzer ends this process, which writes to `output` from now on.

    `options` are those of libFuzzer, with the directories of inputs.
    """
    opened = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(opened, stream)
    engine: Any = importlib.import_module("atheris")
    for function in list(functions(FAMILIES[family_of(parser.name)])):
        engine.instrument_func(function)
    book = FaultBook(faults)

    def one(data: bytes) -> None:
        fault = tried(parser, data)
        if fault is not None:
            book.add(fault, data)

    engine.Setup([parser.name, *options], one, custom_mutator=mutator(engine))
    engine.Fuzz()
