"""What the fuzzers share is not installed: it is found here."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
