"""`python -m emtutor` is the command `emtutor`."""

import sys

from emtutor.desk.cli import main

sys.exit(main())
