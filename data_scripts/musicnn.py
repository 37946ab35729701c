"""Download MusiCNN's published weights (ISC licence, a wheel of 29 MB) as safetensors files.

    python data_scripts/musicnn.py    # → musicnn-mtt.safetensors, musicnn-msd.safetensors

Both are written into the workbench's cache: trained on MagnaTagATune (tags of instruments) and on
the Million Song Dataset (tags of genres). pip downloads the package and verifies its checksum; the
package is not installed and TensorFlow is not needed. `--wheel` names a wheel that is already here.
"""

import argparse
import sys
from pathlib import Path

try:
    import workbench  # noqa: F401
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.datasets.wheels import fetch_wheel, read_member
from workbench.errors import WorkbenchError
from workbench.files import atomic_write, cache_dir

VERSION = "0.1.0"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"


def convert(wheel: Path, training: str, target: Path) -> None:
    """One of the package's TensorFlow checkpoints as safetensors. training: "mtt" or "msd"."""
    from safetensors.torch import save_file

    from workbench.models.musicnn import Musicnn
    from workbench.models.tf_bundle import read_bundle

    folder = f"musicnn/{training.upper()}_musicnn/"
    files = [read_member(wheel, folder + name) for name in (".index", ".data-00000-of-00001")]
    try:
        network = Musicnn.of_tensorflow(read_bundle(*files, skip=("Adam",)))
    except (KeyError, RuntimeError, WorkbenchError) as error:
        first = str(error).splitlines()[0]
        raise WorkbenchError(f"{wheel}: has no valid weights of MusiCNN ({first})") from None
    with atomic_write(target) as path:
        save_file(network.state_dict(), path)


def main(arguments: list[str] | None = None) -> int:
    """Download, convert and print the paths; an error is one line and status 1."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--wheel", type=Path, help="the package's wheel, instead of a download")
    options.add_argument("--out", type=Path, default=cache_dir(), help="folder of the weights")
    args = options.parse_args(arguments)
    try:
        wheel = args.wheel or fetch_wheel("musicnn", VERSION, SHA256)
        for training in ("mtt", "msd"):
            target = args.out / f"musicnn-{training}.safetensors"
            convert(wheel, training, target)
            print(target)
    except (WorkbenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
