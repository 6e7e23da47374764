"""Runs the exporter: `python -m exporter`."""

from common import runtime, settings
from exporter import app
from exporter.settings import ExporterSettings


def main() -> None:
    """Reads the settings and serves until a signal."""
    runtime.run("exporter", settings.load(ExporterSettings), app.serve)


if __name__ == "__main__":
    main()
