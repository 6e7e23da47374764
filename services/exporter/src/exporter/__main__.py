"""Entry point of the exporter: `python -m exporter`."""

from common import runtime, settings
from exporter import app
from exporter.settings import ExporterSettings


def main() -> None:
    """Read the settings and serve until a signal arrives."""
    runtime.run("exporter", settings.load(ExporterSettings), app.serve)


if __name__ == "__main__":
    main()
