"""Download the Free Music Archive's metadata (342 MiB) and a subset's audio into the cache.

    python data_scripts/fma.py --subset small     # 7.2 GiB; medium: 22 GiB; metadata: no audio

Then it prints the genres. If it is interrupted, run it again to continue.
`--url` and `--sha256` name a mirror of one archive, whose SHA-256 or SHA-1 is checked.
"""

import sys
from pathlib import Path

try:
    from workbench.datasets.archives import main
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from workbench.datasets.archives import main


def print_genres(subset: str) -> None:
    """Tracks, artists and hours of each genre of a subset, from the metadata."""
    from workbench.datasets.sets.fma import SUBSETS, find_part, genre_table, read_tracks

    own = SUBSETS[: SUBSETS.index(subset) + 1] if subset in SUBSETS else SUBSETS
    rows = [
        row for row in read_tracks(find_part("metadata") / "tracks.csv") if row["subset"] in own
    ]
    print(f"{'genre':24}{'tracks':>8}{'artists':>9}{'hours':>8}")
    for genre, tracks, artists, hours in genre_table(rows):
        print(f"{genre:24}{tracks:8,}{artists:9,}{hours:8,.0f}")


def run(arguments: list[str]) -> int:
    """Metadata first, unless `--url` names a mirror of one archive."""
    subset, rest = "small", list(arguments)
    if "--subset" in rest:
        at = rest.index("--subset")
        subset = rest[at + 1] if at + 1 < len(rest) else ""
        del rest[at : at + 2]
    if subset not in ("metadata", "small", "medium"):
        print(f"error: --subset must be metadata, small or medium, got {subset!r}", file=sys.stderr)
        return 2
    if subset != "metadata" and "--url" not in rest:
        code = main(["fma-metadata"], rest)
        if code:
            return code
    code = main([f"fma-{subset}"], rest)
    if code == 0:
        print_genres(subset)
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
