"""Download MusiCNN's published weights (ISC licence, a wheel of 29 MB) as safetensors files.

    python data_scripts/musicnn.py    # → musicnn-mtt.safetensors, musicnn-msd.safetensors

Both are written into the workbench's cache: trained on MagnaTagATune (tags of instruments) and on
the Million Song Dataset (tags of genres). pip downloads the package and verifies its checksum; the
package is not installed and TensorFlow is not needed. `--wheel` names a wheel that is already here.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import workbench  # noqa: F401
except ImportError:  # run from a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workbench.datasets.wheels import read_member, run_script
from workbench.errors import WorkbenchError, brief
from workbench.files import atomic_write, cache_dir

VERSION = "0.1.0"
SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"


def convert(wheel: Path, folder: Path) -> Iterator[Path]:
    """The package's TensorFlow checkpoints as safetensors."""
    from safetensors.torch import save_file

    from workbench.models.musicnn import Musicnn
    from workbench.models.tf_bundle import read_bundle

    for training in ("mtt", "msd"):
        inside = f"musicnn/{training.upper()}_musicnn/"
        files = [read_member(wheel, inside + name) for name in (".index", ".data-00000-of-00001")]
        try:
            network = Musicnn.of_tensorflow(read_bundle(*files, skip=("Adam",)))
        except (KeyError, RuntimeError, WorkbenchError) as error:
            raise WorkbenchError(
                f"{wheel}: has no valid weights of MusiCNN ({brief(error)})"
            ) from None
        target = folder / f"musicnn-{training}.safetensors"
        with atomic_write(target) as path:
            save_file(network.state_dict(), path)
        yield target


def main(arguments: list[str] | None = None) -> int:
    """Download, convert and print the paths."""
    return run_script(("musicnn", VERSION, SHA256), convert, cache_dir(), __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
