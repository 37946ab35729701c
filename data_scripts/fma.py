"""Download the Free Music Archive's metadata (342 MiB) and a subset's audio into the cache.

    python data_scripts/fma.py --subset small     # 7.2 GiB; medium: 22 GiB; metadata: that alone

Interrupted, it goes on where it stopped when run again. `--url` and `--sha256` name a mirror of one
archive, whose SHA-256 or SHA-1 is checked.
"""

import sys
from pathlib import Path

try:
    from workbench.datasets.archives import main
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from workbench.datasets.archives import main


def run(arguments: list[str]) -> int:
    """Metadata first, unless a mirror's address is for one archive alone."""
    subset, rest = "small", list(arguments)
    if "--subset" in rest:
        at = rest.index("--subset")
        subset = rest[at + 1] if at + 1 < len(rest) else ""
        del rest[at : at + 2]
    if subset not in ("metadata", "small", "medium"):
        print(f"error: --subset {subset!r}: give metadata, small or medium", file=sys.stderr)
        return 2
    if subset != "metadata" and "--url" not in rest:
        code = main(["fma-metadata"], rest)
        if code:
            return code
    return main([f"fma-{subset}"], rest)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
