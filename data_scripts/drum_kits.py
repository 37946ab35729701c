"""Download a recorded drum kit (SoundFont, CC BY-SA 3.0) into the workbench's cache.

    python data_scripts/drum_kits.py                # Black Pearl, 19 MB
    python data_scripts/drum_kits.py red-zeppelin   # Red Zeppelin, 27 MB

Players and audio files use it from then on. If it is interrupted, run it again to continue.
`--url` and `--sha256` name a mirror.
"""

import argparse
import sys
from pathlib import Path

try:
    import workbench  # noqa: F401
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.datasets.download import fetch
from workbench.errors import WorkbenchError
from workbench.files import cache_dir
from workbench.music.soundfont import check_soundfont

# avldrums.lv2, version 0.5.2; the checksums are those of Debian's avldrums.lv2-soundfont 0.5.2
SOURCE = "https://raw.githubusercontent.com/x42/avldrums.lv2/3a26ff7291591bf3130b72a25b91e0bcf58dfb24/sf2"
KITS = {
    "black-pearl": (
        "Black_Pearl_4_LV2.sf2",
        19_448_282,
        "3bc27deb1b9d6a919c7cfc4ba5fc5c077ac7899fc21becbbb234749ffc523d13",
    ),
    "red-zeppelin": (
        "Red_Zeppelin_4_LV2.sf2",
        26_571_984,
        "e8710b899ece8f83b109d0e2f6a89b007b864c8c088ca3ad3cd6e47bd8e629cc",
    ),
}
LICENCE = """AVL Drumkits by Glen MacArthur, adapted for LV2 by Robin Gareus
  licence   CC BY-SA 3.0  https://creativecommons.org/licenses/by-sa/3.0/
            music made with the kits may be licensed freely
  homepage  https://github.com/x42/avldrums.lv2"""


def main(arguments: list[str] | None = None) -> int:
    """Download a kit and print its path; an error is one line and status 1."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("kit", nargs="?", choices=[*KITS], default="black-pearl")
    options.add_argument("--url", help="address of the file, if not the published one")
    options.add_argument("--sha256", help="checksum of the file, if not the published one")
    args = options.parse_args(arguments)
    name, size, checksum = KITS[args.kit]
    target = cache_dir() / "soundfonts" / name
    print(LICENCE, flush=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetch(args.url or f"{SOURCE}/{name}", target, args.sha256 or checksum, size=size)
        check_soundfont(target)
    except (WorkbenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"  in        {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
