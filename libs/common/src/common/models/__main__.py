"""Run the command line: `python -m common.models`."""

from common.models.cli import main

raise SystemExit(main())
