"""Meaning of pip's output during an installation."""

import re
from collections import deque
from collections.abc import Callable, Sequence

from scripts.progress import Progress

_WHEEL = re.compile(
    r"(?P<how>Downloading|Using cached|Processing) (?:\S*/)?(?P<file>[^\s/]+\.whl)"
    r"(?: \((?P<size>[^)]+)\))?$"
)
_COLLECTING = re.compile(r"Collecting (?P<name>[A-Za-z0-9._-]+)")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SATISFIED = "Requirement already satisfied: "
_RETRYING = "WARNING: Retrying "
_UNPACKING = "Installing collected packages: "
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"Failed to establish a new connection|NameResolutionError|Temporary failure in name resolution"
    r"|Network is unreachable|ConnectTimeout|ReadTimeout|Max retries exceeded|Connection refused"
    r"|Cannot connect to proxy|Tunnel connection failed|Could not fetch URL"
)
_ALTERED = re.compile(r"^\s*(?P<pin>[\w.-]+==\S+) from \S", re.MULTILINE)
_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")


class InstallError(Exception):
    """An installation cannot go on. The text is for the user."""


class PipOutput:
    """Follows the output of pip, run once or several times, and shows it as progress.

    `cuda` is True once a package of CUDA is among those to install.
    """

    def __init__(self, progress: Progress, *, on_cuda: Callable[[], None]) -> None:
        self.tail: deque[str] = deque(maxlen=400)
        self.downloading: tuple[str, str] | None = None
        self.unpacking: set[str] = set()
        self.cuda = False
        self._progress = progress
        self._on_cuda = on_cuda
        self._retried = False
        self._counted: set[str] = set()

    def feed(self, line: str) -> None:
        """Take the next line."""
        self.tail.append(line)
        text = line.strip()
        if wheel := _WHEEL.match(text):
            self._wheel(wheel)
        elif collecting := _COLLECTING.match(text):
            self._collecting(collecting["name"])
        elif text.startswith(_SATISFIED):
            self._satisfied(text.removeprefix(_SATISFIED))
        elif _RETRYING in text:
            self._retrying()
        elif text.startswith(_UNPACKING):
            self.downloading = None
            self.unpacking = {
                normalized(name) for name in text.removeprefix(_UNPACKING).split(", ")
            }
            self._progress.status(f"Unpacking {len(self.unpacking)} packages", lasting=True)

    def _wheel(self, wheel: re.Match[str]) -> None:
        name, version = wheel["file"].split("-")[:2]
        self._counted.add(normalized(name))
        title = f"{name.replace('_', '-')} {version}"
        size = wheel["size"] or ""
        self.downloading = (wheel["file"], title) if wheel["how"] == "Downloading" else None
        note = size if wheel["how"] == "Downloading" else "from this machine"
        self._progress.package(f"{title} ({note})" if note else title)

    def _retrying(self) -> None:
        if not self._retried:
            self._retried = True
            self._progress.line("The package index does not answer. Trying again.")

    def _satisfied(self, requirement: str) -> None:
        name = _NAME.match(requirement)
        # An earlier run has installed it, with the warning.
        self.cuda = self.cuda or (name is not None and _of_cuda(name[0]))
        if name and normalized(name[0]) not in self._counted:
            self._counted.add(normalized(name[0]))
            self._progress.done += 1

    def _collecting(self, name: str) -> None:
        self.downloading = None
        if _of_cuda(name) and not self.cuda:
            self.cuda = True
            self._on_cuda()
        self._progress.status(self._progress.counted(f"looking for {name}"))


def _of_cuda(name: str) -> bool:
    return name.startswith("nvidia-") and name != "nvidia-ml-py"


def normalized(name: str) -> str:
    """Return the common form of all spellings of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def explain(tail: Sequence[str], needed: float) -> InstallError:
    """Return pip's failure, in one line where the reason is known."""
    text = "\n".join(tail)
    if _NO_SPACE.search(text):
        return InstallError(
            f"The disk became full. The installation needs {needed / 1e9:.1f} GB of it. Make room, "
            "then run the same command again: it goes on from here."
        )
    if _NO_NETWORK.search(text):
        return InstallError(
            "The package index cannot be reached. Check the network, the proxy and pip's own "
            "settings (pip config list), then run the same command again: it goes on from here."
        )
    if "DO NOT MATCH THE HASHES" in text and (altered := _ALTERED.search(text)):
        return InstallError(
            f"The wheel of {altered['pin']} is not the one in hashes.txt: its SHA-256 differs. "
            "Nothing of it was installed. Does pip use a trustworthy index (pip config list)?"
        )
    if found := _NO_WHEEL.search(text):
        return InstallError(
            f"The package index has no wheel of {found[1]} for this machine. "
            "Is it a full index (pip config list)?"
        )
    last = "\n".join(f"  {line.rstrip()}" for line in list(tail)[-15:])
    return InstallError(f"pip failed. Its last lines:\n{last}")
