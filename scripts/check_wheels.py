"""Checks that every pin has a wheel with a known hash for every supported machine.

    python -m scripts.check_wheels

Asks pip's configured package index, with pip's own finder. An unused pin is a failure, and so is
an installed package without a pin, or a pin whose hashes in hashes.txt are missing or wrong.
Without an index the check is skipped, unless CI is set.
"""

import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from optparse import Values

from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands.download import DownloadCommand
from pip._internal.index.collector import parse_links
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link

from scripts.check_system import GLIBC, MACHINES, VERSIONS
from scripts.pins import (
    UNHASHED,
    HashedPin,
    Projects,
    Target,
    read_hashes,
    read_pins,
    used_names,
)

TARGETS = tuple(
    Target(machine=machine, python=".".join(map(str, version)))
    for machine in MACHINES
    for version in VERSIONS
)
#: PyTorch's own dependencies where it comes with CUDA. It pins them itself.
CUDA_PREFIXES = ("nvidia-", "cuda-", "triton")
THREADS = 8


class Index:
    """The package index, and the files that pip would take from it for each target.

    Each page of the index is fetched and parsed once, and only the links of the wanted version are
    judged: pip's command line would do both for each target, and download every wheel.
    """

    def __init__(self, targets: Iterable[Target] = TARGETS, options: Sequence[str] = ()) -> None:
        """`options` are pip's, to name another index."""
        self._command = DownloadCommand("download", "", isolated=False)
        everything = self._parse([*options])
        self._session = self._command._build_session(everything)
        self._collector = self._command._build_package_finder(
            everything, self._session
        )._link_collector
        self._finders = {target: self._finder(target, options) for target in targets}

    def _parse(self, arguments: list[str]) -> Values:
        return self._command.parse_args(["--retries=2", "--timeout=30", *arguments])[0]

    def _finder(self, target: Target, options: Sequence[str]) -> PackageFinder:
        arguments = [*options, "--only-binary=:all:", "--no-deps", "--dest=unused"]
        arguments += [f"--python-version={target.python}", "--implementation=cp"]
        arguments += [f"--platform={tag}" for tag in platform_tags(target.machine)]
        parsed = self._parse(arguments)
        return self._command._build_package_finder(
            parsed, self._session, target_python=make_target_python(parsed)
        )

    def links(self, name: str, version: str) -> list[Link]:
        """Return the files of a version of a package."""

        def on_page(page: Link) -> list[InstallationCandidate]:
            content = self._collector.fetch_response(page)
            found = [] if content is None else parse_links(content)
            return [
                InstallationCandidate(name, version, link)
                for link in found
                if version in link.filename
            ]

        collected = self._collector.collect_sources(name, on_page)
        sources = [one for one in (*collected.find_links, *collected.index_urls) if one is not None]
        links = [candidate.link for source in sources for candidate in source.page_candidates()]
        return links + [link for source in sources for link in source.file_links()]

    def wheels(self, name: str, version: str, links: list[Link], target: Target) -> list[Link]:
        """Return the links to wheels of this version for a target."""
        finder = self._finders[target]
        candidates = finder.evaluate_links(finder.make_link_evaluator(name), links)
        return [one.link for one in candidates if one.version.public == version]


def platform_tags(machine: str) -> list[str]:
    """Return the platform tags of wheels for every supported version of glibc."""
    major, minor = GLIBC
    manylinux = [f"manylinux_{major}_{older}_{machine}" for older in range(minor, 4, -1)]
    return [*manylinux, f"manylinux2014_{machine}", f"linux_{machine}"]


def mistakes(
    index: Index,
    pins: Mapping[str, str],
    hashed: Mapping[str, HashedPin],
    used: Mapping[Target, set[str]],
) -> list[str]:
    """Return one line per mistake in the pins and their hashes."""
    everywhere = set().union(*used.values())
    unused = pins.keys() - everywhere
    lines = [f"{name}=={pins[name]} is not used by any installation" for name in unused]
    lines += [
        f"{name} is installed and has no pin"
        for name in everywhere - pins.keys()
        if not name.startswith(CUDA_PREFIXES)
    ]

    def look(name: str) -> list[str]:
        where = [target for target, names in used.items() if name in names]
        pin = f"{name}=={pins[name]}"
        links = index.links(name, pins[name])
        wheels = {target: index.wheels(name, pins[name], links, target) for target in where}
        without = [f"{pin} has no wheel for {target}" for target in where if not wheels[target]]
        if without or name not in hashed:
            return without
        return without + [f"{pin} {fault}" for fault in hash_faults(wheels, hashed[name].hashes)]

    lines += version_differences(pins, hashed)
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(look, sorted(everywhere & pins.keys())):
            lines += found
    return sorted(lines)


def version_differences(pins: Mapping[str, str], hashed: Mapping[str, HashedPin]) -> list[str]:
    """Return one line per package with different versions in constraints.txt and hashes.txt."""
    wanted = {name: version for name, version in pins.items() if name not in UNHASHED}
    found = {name: pin.version for name, pin in hashed.items()}
    return [
        f"{name} has version {wanted.get(name)} here and {found.get(name)} in hashes.txt "
        "(`make hashes` writes it)"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]


def hash_faults(wheels: Mapping[Target, list[Link]], hashes: frozenset[str]) -> list[str]:
    """Return the faults of a pin's hashes, given its wheels in the index."""
    known = {target: {str(link.hash) for link in links} for target, links in wheels.items()}
    faults = [
        f"has no wheel with a hash of hashes.txt for {target}"
        for target in wheels
        if not known[target] & hashes
    ]
    foreign = hashes - set().union(*known.values())
    return faults + [f"has no wheel with the hash {value}" for value in sorted(foreign)]


def main() -> int:
    """Return 0 when every pin has its wheels."""
    logging.disable(logging.WARNING)  # pip's, about indexes that lack a package
    index = Index()
    pins = read_pins()
    if not any(index.links(name, pins[name]) for name in sorted(pins)[:3]):
        print("check_wheels: SKIPPED, since no package index can be reached", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    projects = Projects()
    used = {target: used_names(target, projects) for target in TARGETS}
    found = mistakes(index, pins, read_hashes(), used)
    for line in found:
        print(f"constraints.txt: {line}", file=sys.stderr)
    if not found:
        print(f"constraints.txt: {len(pins)} pins have wheels for {len(TARGETS)} kinds of machine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
