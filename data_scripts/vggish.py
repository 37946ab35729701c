"""Download VGGish's published weights (torchvggish, Apache 2.0, 288 MB) as a safetensors file.

    python data_scripts/vggish.py        # → vggish.safetensors in the workbench's cache

The published file is a pickle. It is read with `weights_only`, which runs no code, and written as
safetensors, the only format that the workbench opens. `--url` and `--sha256` name a mirror.
"""

import argparse
import sys
from pathlib import Path

try:
    import workbench  # noqa: F401
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.datasets.download import fetch
from workbench.errors import WorkbenchError, brief
from workbench.files import atomic_write, cache_dir

URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"


def convert(source: Path, target: Path) -> None:
    """The parameters of a .pth file as safetensors; refused if they do not fit VGGish."""
    import torch
    from safetensors.torch import save_file

    from workbench.models.vggish import VGGish

    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
        VGGish.of_state(state)
    except Exception as error:  # the reader raises many kinds of errors for an invalid file
        raise WorkbenchError(
            f"{source}: has no valid weights of VGGish ({brief(error)}); remove it and run "
            "this again"
        ) from None
    with atomic_write(target) as path:
        save_file({name: value.contiguous() for name, value in state.items()}, path)


def main(arguments: list[str] | None = None) -> int:
    """Download, convert and print the path; an error is one line and status 1."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--url", default=URL)
    options.add_argument("--sha256", default="", help="checksum of the file; none is published")
    options.add_argument("--out", type=Path, default=cache_dir() / "vggish.safetensors")
    args = options.parse_args(arguments)
    try:
        packed = fetch(
            args.url, cache_dir() / "downloads" / Path(args.url).name, args.sha256, size=288_000_000
        )
        convert(packed, args.out)
    except (WorkbenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{args.out}; use it as vggish:{args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
