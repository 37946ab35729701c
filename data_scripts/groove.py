"""Download the Groove MIDI Dataset (MIDI only, 3.3 MB, CC BY 4.0) into the workbench's cache.

    python data_scripts/groove.py

Interrupted, it goes on where it stopped when run again. `--url` and `--sha256` name a mirror.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    from workbench.datasets.catalogue import GROOVE
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from workbench.datasets.catalogue import GROOVE

from workbench.datasets.groove import get_groove
from workbench.errors import WorkbenchError


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 after an error whose one line it prints, or 130 when interrupted."""
    parser = argparse.ArgumentParser(description="Download the Groove MIDI Dataset.")
    parser.add_argument("--url", default=GROOVE.url, help="address of the archive")
    parser.add_argument("--sha256", default=GROOVE.sha256, help="checksum of the archive")
    parser.add_argument("--again", action="store_true", help="fetch even if the data is there")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    options = parser.parse_args(arguments)
    print(f"{GROOVE.title}\n  licence   {GROOVE.licence}  {GROOVE.licence_url}")
    print(f"  citation  {GROOVE.citation}\n  homepage  {GROOVE.homepage}", flush=True)
    try:
        folder = get_groove(options.url, options.sha256, again=options.again, quiet=options.quiet)
    except WorkbenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; run the command again and it goes on", file=sys.stderr)
        return 130
    print(f"  in        {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
