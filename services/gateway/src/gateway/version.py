"""Which version of the gateway runs."""

from importlib.metadata import PackageNotFoundError, version


def installed() -> str:
    """The version of the installed distribution, or `development` in a bare source tree."""
    try:
        return version("securetranscribe-gateway")
    except PackageNotFoundError:
        return "development"
