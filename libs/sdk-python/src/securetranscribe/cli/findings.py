"""Findings of checks."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of a check. `state` is `ok`, `warning`, `problem` or `skipped`."""

    check: str
    state: str
    text: str
    advice: str = ""
