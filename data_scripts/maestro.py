"""Download MAESTRO v3.0.0 (MIDI only, 58 MB, CC BY-NC-SA 4.0) into the workbench's cache.

    python data_scripts/maestro.py

If it is interrupted, run it again to continue. `--url` and `--sha256` name a mirror.
"""

import sys
from pathlib import Path

try:
    from workbench.datasets.archives import main
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from workbench.datasets.archives import main

if __name__ == "__main__":
    sys.exit(main(["maestro"]))
