"""Run a diarization worker: `python -m diarizer`."""

from common import runtime, settings
from diarizer import app
from diarizer.settings import DiarizerSettings


def main() -> None:
    """Read the settings and run until a signal."""
    runtime.run("diarizer", settings.load(DiarizerSettings), app.serve)


if __name__ == "__main__":
    main()
