"""Versions of the installed services."""

from importlib.metadata import PackageNotFoundError, version


def installed(service: str) -> str:
    """Return the version of a service's distribution, `development` in a bare source tree."""
    try:
        return version(f"securetranscribe-{service}")
    except PackageNotFoundError:
        return "development"
