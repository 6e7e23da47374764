"""Version of the running gateway."""

from importlib.metadata import PackageNotFoundError, version


def installed() -> str:
    """Return the version of the installed distribution, or `development` in a bare source tree."""
    try:
        return version("securetranscribe-gateway")
    except PackageNotFoundError:
        return "development"
