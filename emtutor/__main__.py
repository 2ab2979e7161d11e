"""`python -m emtutor` is the command `emtutor`."""

import sys

from emtutor.cli import main

sys.exit(main())
