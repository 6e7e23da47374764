"""Run the speakers service: `python -m speakers [migrate | set-aside ...]`."""

from common import commands
from speakers import app
from speakers.settings import SpeakersSettings


def main() -> None:
    """Read the command line and the settings, and run."""
    commands.main("speakers", SpeakersSettings, app.serve)


if __name__ == "__main__":
    main()
