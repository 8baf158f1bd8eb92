"""The benchmarks are not installed: they are found from the root of the checkout."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))
