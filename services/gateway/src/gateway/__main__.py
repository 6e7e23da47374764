"""Run the gateway service: `python -m gateway [migrate | set-aside ...]`."""

from common import allocator, commands
from gateway import app
from gateway.settings import GatewaySettings


def main() -> None:
    """Read the command line and the settings, and run."""
    allocator.keep_large_blocks()
    commands.main("gateway", GatewaySettings, app.serve)


if __name__ == "__main__":
    main()
