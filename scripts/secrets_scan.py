"""Find keys, tokens and passwords in the files of the repository.

Usage: ``python -m scripts.secrets_scan``. The exit status is 1 when there are any. The forms of
keys and tokens are those of detect-secrets. Its own command takes 50 seconds for these files,
because it examines every line with every rule and guesses by entropy. Here each rule runs once over
each file. A line that contains `pragma: allowlist secret` is skipped.
"""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import detect_secrets.plugins
from detect_secrets.plugins.base import RegexBasedDetector

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = "pragma: allowlist secret"
#: Rules of detect-secrets that are replaced below, or that find no secrets.
_LEFT_OUT = {"BasicAuthDetector", "IPPublicDetector"}
#: Shorter passwords are placeholders of tests. Templates have braces or a dollar sign.
_PASSWORD = r"[^\s:@/\"'<>{}$*…]{8,}"  # noqa: S105
#: Directories of made-up secrets, and of texts about them.
_MADE_UP = ("tests/", "web/src/locales/")
_URL = re.compile(rf"://[^\s:@/\"'<>]*:{_PASSWORD}@")
# Placeholders, paths of files, and values of HTML's `autocomplete` are no secrets.
_QUOTED = re.compile(
    r"\b[\w-]*(?:password|passwd|secret|token|api_?key)[\w-]*[\"']?\s*[:=]\s*"
    r"[\"'](?!your[-_]|/|(?:current|new)-password)[^\"'\s{}$<>()]{10,}[\"']",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A form of secrets. `in_tests` is false for forms of made-up secrets too."""

    name: str
    pattern: re.Pattern[str]
    in_tests: bool = True


def rules() -> list[Rule]:
    """Return the rules of detect-secrets and our own."""
    found = [
        Rule(name="password in a URL", pattern=_URL),
        Rule(name="quoted password", pattern=_QUOTED, in_tests=False),
    ]
    for detector in _detectors():
        found += [Rule(name=detector.secret_type, pattern=one) for one in detector.denylist]
    return found


def _detectors() -> Iterator[RegexBasedDetector]:
    """Yield the detectors of the library that are nothing but regular expressions."""
    for module in pkgutil.iter_modules(detect_secrets.plugins.__path__):
        plugins = importlib.import_module(f"detect_secrets.plugins.{module.name}")
        for name, kind in inspect.getmembers(plugins, inspect.isclass):
            if kind.__module__ != plugins.__name__ or name in _LEFT_OUT:
                continue
            if issubclass(kind, RegexBasedDetector) and not inspect.isabstract(kind):
                yield kind()


def findings(path: str, text: str, wanted: list[Rule]) -> Iterator[str]:
    """Yield one line per secret, without the secret."""
    for rule in wanted:
        if path.startswith(_MADE_UP) and not rule.in_tests:
            continue
        for match in rule.pattern.finditer(text):
            begin = text.rfind("\n", 0, match.start()) + 1
            line = text[begin : text.find("\n", match.start()) + 1 or None]
            if ALLOWED not in line:
                yield f"{path}:{text.count(chr(10), 0, begin) + 1}: {rule.name}"


def files(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of all files that git would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    for name in listed.stdout.split("\0"):
        path = root / name
        if name and path.is_file():
            content = path.read_bytes()
            if b"\0" not in content[:8192]:
                yield name, content.decode(errors="replace")


def main() -> int:
    """Print the findings and return the exit status."""
    wanted = rules()
    found = [line for path, text in files() for line in findings(path, text, wanted)]
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(f"Remove each secret, or end its line with `# {ALLOWED}`.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
