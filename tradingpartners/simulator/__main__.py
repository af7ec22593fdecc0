"""`python -m tradingpartners.simulator`."""

import sys

from tradingpartners.simulator.cli import main

sys.exit(main(sys.argv[1:]))
