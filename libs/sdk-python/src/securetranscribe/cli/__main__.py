"""`python -m securetranscribe.cli`."""

import sys

from securetranscribe.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
