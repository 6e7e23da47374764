"""Writes hashes.txt: the SHA-256 of the wheels of all pins, as the package index has them.

    python -m scripts.hashes    # after a change of constraints.txt

PyTorch is left out, because its wheels come from another index on each kind of machine.
`scripts.check_wheels` compares the file with the pins and the index.
"""

import logging
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from scripts.check_wheels import TARGETS, THREADS, Index
from scripts.pins import HASHES, UNHASHED, Projects, Target, read_pins, used_names

_HEADER = """\
# Hashes of the wheels of constraints.txt for all supported machines, written by `make hashes`.
# An installation takes no other files. PyTorch, which has several indexes, is not among them.
"""


class UnknownHashError(Exception):
    """The package index lacks a hash. The text is for the user."""


def entry(index: Index, name: str, version: str, targets: Iterable[Target]) -> str:
    """Return the lines of a package. Raise UnknownHashError if the index lacks a hash."""
    wanted = sorted(targets)
    links = index.links(name, version)
    found: dict[str, str] = {}
    for target in wanted:
        wheels = index.wheels(name, version, links, target)
        if not any(link.hash_name == "sha256" for link in wheels):
            raise UnknownHashError(f"{name}=={version} has no hash for {target}")
        for link in wheels:
            if found.setdefault(link.filename, str(link.hash)) != link.hash:
                raise UnknownHashError(f"there are several files with the name {link.filename}")
    marker = markers(wanted)
    lines = [f"{name}=={version}" + (f" ; {marker}" if marker else "")]
    lines += [f"    --hash=sha256:{value}" for value in sorted(set(found.values()))]
    return " \\\n".join(lines) + "\n"


def markers(targets: Iterable[Target], every: Iterable[Target] = TARGETS) -> str:
    """Return the environment marker of some targets, empty for all of them."""
    wanted, known = set(targets), set(every)
    if wanted == known:
        return ""
    machines = {target.machine for target in wanted}
    versions = {target.python for target in wanted}
    if wanted == {target for target in known if target.machine in machines}:
        terms = [f'platform_machine == "{machine}"' for machine in sorted(machines)]
    elif wanted == {target for target in known if target.python in versions}:
        terms = [f'python_version == "{version}"' for version in sorted(versions)]
    else:
        terms = [
            f'platform_machine == "{one.machine}" and python_version == "{one.python}"'
            for one in sorted(wanted)
        ]
    return " or ".join(terms)


def text(index: Index, pins: Mapping[str, str], used: Mapping[Target, set[str]]) -> str:
    """Return the content of hashes.txt. Raise UnknownHashError."""

    def one(name: str) -> str:
        return entry(index, name, pins[name], (each for each in used if name in used[each]))

    names = sorted(pins.keys() - UNHASHED)
    with ThreadPoolExecutor(THREADS) as pool:
        return _HEADER + "".join(pool.map(one, names))


def main() -> int:
    """Write the file. Return the exit status."""
    logging.disable(logging.WARNING)  # pip's, about indexes that lack a package
    projects = Projects()
    used = {target: used_names(target, projects) for target in TARGETS}
    try:
        HASHES.write_text(text(Index(), read_pins(), used))
    except UnknownHashError as error:
        print(f"hashes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
