"""Output of `devstack env`."""

import shlex


def variables(exports: str) -> dict[str, str]:
    """Return the variables of shell exports, one per line."""
    pairs = (shlex.split(line.removeprefix("export "))[0] for line in exports.splitlines())
    return dict(pair.split("=", 1) for pair in pairs)
