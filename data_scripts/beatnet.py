"""Download BeatNet's published weights (CC BY 4.0, a wheel of 9 MB) as a safetensors file.

    python data_scripts/beatnet.py    # → beatnet.safetensors in the workbench's cache

`workbench.representations.beat_tracking.track` uses them from then on. pip downloads the package
and verifies its checksum; it is not installed. The published files are pickles, which are read
with `weights_only` and run no code. `--wheel` names a wheel that is already here.

BeatNet: Heydari, Cwitkowitz and Duan, "BeatNet: CRNN and particle filtering for online joint beat,
downbeat and meter tracking", ISMIR 2021.
"""

import io
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
from workbench.representations.beatnet import FILE, BeatNets

VERSION = "1.1.3"
SHA256 = "1ecfa17bdcbe899975a88bdb6efebd6970d846a4f3b6cfd5c6f320647c641c7e"
# each was trained without one set of music: GTZAN, Ballroom, Rock Corpus
MEMBERS = [f"BeatNet/models/model_{number}_weights.pt" for number in (1, 2, 3)]


def convert(wheel: Path, target: Path) -> Iterator[Path]:
    """The parameters of the package's files as safetensors; refused if they do not fit BeatNet."""
    import torch
    from safetensors.torch import save_file

    files = [io.BytesIO(read_member(wheel, member)) for member in MEMBERS]
    try:
        states = [torch.load(file, map_location="cpu", weights_only=True) for file in files]
        networks = BeatNets.of_states(states)
    except Exception as error:  # the reader raises many kinds of errors for an invalid file
        raise WorkbenchError(f"{wheel}: has no valid weights of BeatNet ({brief(error)})") from None
    with atomic_write(target) as path:
        save_file(networks.state_dict(), path)
    yield target


def main(arguments: list[str] | None = None) -> int:
    """Download, convert and print the path."""
    package = ("BeatNet", VERSION, SHA256)
    return run_script(package, convert, cache_dir() / FILE, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
